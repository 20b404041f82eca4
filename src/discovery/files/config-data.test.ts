import { describe, expect, test } from "bun:test";
import { Findings } from "../found/found-image.ts";
import { scanManifest } from "./kubernetes-manifest.ts";
import { linesOf, readDocuments } from "./yaml-documents.ts";

/** What was found, as `written kind line`. */
function found(text: string): string[] {
  const findings = new Findings();
  for (const document of readDocuments(text, linesOf("m.yaml"), new Findings())) {
    scanManifest(document, { source: "kubernetes", guess: false, embedding: 0 }, findings);
  }
  return findings.images.map(({ written, kind, line }) => `${written} ${kind} ${line}`).sort();
}

function config(data: string, kind = "ConfigMap"): string {
  return `apiVersion: v1\nkind: ${kind}\ndata:\n  ${data.replaceAll("\n", "\n  ")}\n`;
}

function encoded(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64");
}

describe("the data of a ConfigMap", () => {
  test("names images by themselves, in lists, and in the formats that programs read", () => {
    const text = `short: "nginx:1.25"
path: team/path:1.2
SIDECAR_IMAGE: envoyproxy/envoy:v1.30
agent.image: team/agent
SCAN_IMAGE: q.io/a/scan
SCAN_IMAGE_TAG: v2
list: |
  # which
  quay.io/l/one:1
  two:2
app.properties: |
  runner.image=team/runner:1
  runner.port=8080
job.env: |
  export JOB_IMAGE="team/job"
  export JOB_IMAGE_TAG='3'
config.toml: |
  [plugins.cri]
    sandbox_image = "registry.k8s.io/pause:3.9" # pods
  [other]
    image = 'team/toml'
    tag = "4"
values.json: '{"agent": {"image": {"repository": "team/json", "tag": "5"}}}'
script.sh: |
  docker run --rm registry.example/tool:v1 | grep x
`;
    expect(found(config(text))).toEqual(
      [
        "nginx:1.25 guess 4",
        "team/path:1.2 guess 5",
        "envoyproxy/envoy:v1.30 guess 6",
        "team/agent guess 7",
        "q.io/a/scan:v2 guess 8",
        "quay.io/l/one:1 guess 12",
        "two:2 guess 13",
        "team/runner:1 guess 15",
        "team/job:3 guess 18",
        "registry.k8s.io/pause:3.9 guess 22",
        "team/toml:4 guess 24",
        "team/json:5 guess 26",
        "registry.example/tool:v1 guess 28",
      ].sort(),
    );
  });

  test("is full of words, addresses, paths and versions that are no images", () => {
    const text = `values: |
  {"global": {"proxy": {"image": "proxyv2"}}, "feature-image": "disabled"}
address: db.example:5432
host: localhost:8080
cache: redis:6379
pair: value:123
time: "10:30:05"
mac: 00:1b:44:11:3a:b7
ip: fe80::1/64
url: https://example.com/a:b
git: git@github.com:org/app.git
clone: github.com/org/app:v1
module: github.com/org/app@v1.2.3
maven: org.example:app:1.2.3
npm: "@scope/app@1.2.3"
arn: arn:aws:iam::123456789012:role/x
mail: a@example.com
group: apps/v1
label: topology.kubernetes.io/zone:eu-1
device: nvidia.com/gpu:1
file: /etc/app/conf.d/a.yaml:ro
IMAGE_DIR: data/images
imagePullPolicy: Always
logo_image: static/logo.png
tls: tls:1.2
`;
    expect(found(config(text))).toEqual([]);
  });

  test("keeps manifests, whose containers may have bare names", () => {
    const text = `pod.yaml: |
  apiVersion: v1
  kind: Pod
  spec: {containers: [{image: busybox}]}
template.yaml: |
  containers:
  - name: a
    {{ if .x }}
    image: busybox
  image: disabled
  other:
    image: team/x:{{ .tag }}
`;
    expect(found(config(text))).toEqual(["busybox guess 12", "busybox guess 7"]);
  });
});

test("a Secret's data are read through their encoding, and binary ones passed over", () => {
  const data = [
    `m.yaml: ${encoded("containers:\n  - image: quay.io/s/a:1\n")}`,
    `SIDE_IMAGE: ${encoded("team/side:2")}`,
    `key: ${encoded(new Uint8Array([1, 2, 0, 255, 254]))}`,
    "wrong: '%%%'",
  ].join("\n");
  const plain = "stringData:\n  JOB_IMAGE: team/job:3\n";
  expect(found(config(data, "Secret") + plain)).toEqual([
    "quay.io/s/a:1 guess 4",
    "team/job:3 guess 9",
    "team/side:2 guess 5",
  ]);
});
