import { describe, expect, test } from "bun:test";
import { Findings } from "../found/found-image.ts";
import { scanManifest } from "./kubernetes-manifest.ts";
import { linesOf, readDocuments } from "./yaml-documents.ts";

function scan(text: string): Findings {
  const findings = new Findings();
  for (const document of readDocuments(text, linesOf("m.yaml"), new Findings())) {
    scanManifest(document, { source: "kubernetes", guess: false, embedding: 0 }, findings);
  }
  return findings;
}

/** What was found, as `written kind line`. */
function found(text: string): string[] {
  return scan(text).images.map(({ written, kind, line }) => `${written} ${kind} ${line}`);
}

function pod(container: string): string {
  return `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - ${container.replaceAll("\n", "\n      ")}\n`;
}

describe("a Kubernetes manifest", () => {
  test("names the images of all sorts of containers and of image volumes, with their lines", () => {
    const text = `apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      initContainers: [{name: i, image: busybox}]
      containers:
        - name: a
          image: "nginx:1.27"
        - image: quay.io/x/y@sha256:${"a".repeat(64)}
      ephemeralContainers:
        - image: alpine
      volumes:
        - name: model
          image: {reference: ghcr.io/models/m:v1, pullPolicy: IfNotPresent}
`;
    expect(found(text)).toEqual([
      "busybox field 6",
      "nginx:1.27 field 9",
      `quay.io/x/y@sha256:${"a".repeat(64)} field 10`,
      "alpine field 12",
      "ghcr.io/models/m:v1 field 15",
    ]);
  });

  test("may be a List, JSON, or hold its pod template deep in another resource", () => {
    expect(
      found(
        `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"image":"a/b:1"}]}}]}`,
      ),
    ).toEqual(["a/b:1 field 1"]);
    const cron =
      "apiVersion: batch/v1\nkind: CronJob\nspec:\n  jobTemplate: {spec: {template: {spec: {containers: [{image: c}]}}}}\n";
    expect(found(cron)).toEqual(["c field 4"]);
  });

  test("names images in arguments and variables as guesses", () => {
    const container = `image: op:1
args:
  - --prometheus-config-reloader=quay.io/po/reloader:v0.80.0
  - --sidecar-image
  - library/sidecar:2
  - --bind=0.0.0.0:8080
  - --etcd=https://etcd.example:2379/x
  - --label=app.kubernetes.io/name:foo
env:
  - {name: RELATED_IMAGE_AGENT, value: "team/agent:3"}
  - {name: ADDRESS, value: "db.example:5432"}`;
    expect(found(pod(container))).toEqual([
      "op:1 field 5",
      "quay.io/po/reloader:v0.80.0 guess 7",
      "library/sidecar:2 guess 9",
      "team/agent:3 guess 14",
    ]);
  });

  test("of an operator names images in the fields that such resources have", () => {
    const text = `apiVersion: example.com/v1
kind: Cluster
spec:
  imageName: ghcr.io/pg/postgresql:16
  driver: {repository: nvcr.io/nvidia, image: driver, version: "550.1"}
  agent: {image: {registry: quay.io, repository: a/agent, tag: 1.10}}
  proxy: {repository: docker.io/x/proxy, tag: v2, digest: sha256:${"b".repeat(64)}}
  server: {image: team/server, tag: v3}
  images: [k/one:1, k/two:2]
  named: {images: {web: k/three:3}}
  source: {repository: https://github.com/a/b, tag: v1}
  git: {repository: team/repo}
status: {image: old/one:0}
`;
    expect(found(text)).toEqual([
      "ghcr.io/pg/postgresql:16 field 4",
      "nvcr.io/nvidia/driver:550.1 field 5",
      "quay.io/a/agent:1.10 field 6",
      `docker.io/x/proxy:v2@sha256:${"b".repeat(64)} field 7`,
      "team/server:v3 field 8",
      "k/one:1 field 9",
      "k/two:2 field 9",
      "k/three:3 field 10",
    ]);
  });

  test("kept in a string is a guess that keeps its line", () => {
    const text = `apiVersion: v1
kind: ConfigMap
data:
  note: uses registry.example/tool:v1
  helperPod.yaml: |-
    apiVersion: v1
    kind: Pod
    spec:
      containers:
        - image: busybox
`;
    expect(found(text)).toEqual(["registry.example/tool:v1 guess 4", "busybox guess 10"]);
  });

  test("names what it cannot resolve, and fills in defaults", () => {
    const findings = scan(
      `${pod("image: ${REGISTRY}/app:v1")}---\n${pod('image: "{{ .Values.image }}"')}---\n${pod("image: {{ .Values.image }}")}`,
    );
    expect(findings.images).toEqual([]);
    expect(findings.problems.map(({ severity, line }) => `${severity} ${line}`)).toEqual([
      "error 5",
      "error 11",
      "error 17",
    ]);
    expect(found(pod("image: ${REGISTRY:-quay.io}/app:v1"))).toEqual(["quay.io/app:v1 field 5"]);
  });

  test("with something else where an image belongs says so", () => {
    const { problems } = scan(pod("image: FILLED BY THE OPERATOR"));
    expect(problems.map(({ message }) => message)).toEqual([
      'the image "FILLED BY THE OPERATOR" is not a valid reference',
    ]);
  });

  test("that runs nothing names nothing", () => {
    const quiet = [
      "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {pattern: {spec: {containers: [{image: '!*:latest'}]}}}",
      "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nspec: {image: ghcr.io/a/b}",
      "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {image: {description: an image}}",
      'apiVersion: v1\nkind: Pod\nmetadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: \'{"image":"a/b:1"}\'}}',
      "apiVersion: v1\nkind: Pod\nspec: {containers: [{imagePullPolicy: Always}]}",
      "apiVersion: console.example.com/v1\nkind: Link\nspec: {image: logo.png, imageURL: 'https://a.example/b.svg'}",
    ];
    for (const text of quiet) expect(scan(text)).toMatchObject({ images: [], problems: [] });
  });

  test("whose image Istio fills in is noted", () => {
    const { images, problems } = scan(pod("image: auto"));
    expect(images).toEqual([]);
    expect(problems.map(({ severity }) => severity)).toEqual(["note"]);
  });
});
