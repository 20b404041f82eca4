import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { discoverImages } from "../discover-images.ts";

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {tier: front}}
spec:
  template:
    spec:
      initContainers: [{name: init, image: "busybox:1"}]
      containers:
        - {name: web, image: "nginx:1.26"}
        - {name: side, image: "team/side@sha256:${"a".repeat(64)}"}
`;

const FILES: Record<string, string> = {
  "base/kustomization.yaml": "resources: [deployment.yaml]\n",
  "base/deployment.yaml": DEPLOYMENT,
  "overlay/kustomization.yaml": `resources: [../base, extra.yaml, "https://example.com/remote.yaml"]
components: [../component]
images:
  - {name: nginx, newName: registry.corp.example/nginx, newTag: "1.27"}
  - {name: team/side, newTag: v2}
patches:
  - path: patch.yaml
  - target: {kind: Deployment, labelSelector: "tier=front"}
    patch: |-
      - {op: replace, path: /spec/template/spec/initContainers/0/image, value: "alpine:3"}
  - patch: |-
      apiVersion: v1
      kind: Pod
      metadata: {name: gone}
      $patch: delete
`,
  "overlay/extra.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: gone}\nspec: {containers: [{image: never:1}]}\n",
  "overlay/patch.yaml":
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: added, image: 'added:1'}]}}}\n",
  "component/kustomization.yaml": "kind: Component\nresources: [job.yaml]\nimages: [{name: tool, newTag: '9'}]\n",
  "component/job.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: j}\nspec: {containers: [{image: tool}]}\n",
  "circle/a/kustomization.yaml": "resources: [../b]\n",
  "circle/b/kustomization.yaml": "resources: [../a, pod.yaml]\n",
  "circle/b/pod.yaml": "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: round}]}\n",
  "charted/kustomization.yaml": `helmCharts:
  - {name: there, repo: "https://charts.example.com", version: 1.2.3, valuesFile: there.yaml}
# a comment
  - {name: here, valuesInline: {tag: "2"}}
`,
  "charted/there.yaml": "image: {repository: q.io/there, tag: '3'}\n",
  "charted/charts/here/Chart.yaml": "apiVersion: v2\nname: here\nversion: 1.0.0\n",
  "charted/charts/here/values.yaml": "tag: '1'\n",
  "charted/charts/here/templates/p.yaml":
    "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'q.io/here:{{ .Values.tag }}'}]}\n",
  "bad/kustomization.yaml": "resources: [gone.yaml]\npatches: [{path: none.yaml}]\n",
};

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-kustomize-"));
  for (const [name, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
});
afterAll(() => rm(root, { recursive: true }));

async function discover(...folders: string[]) {
  const paths = folders.map((folder) => join(root, folder));
  const { images, problems, elsewhere } = await discoverImages(paths, {
    environment: {},
    signal: new AbortController().signal,
  });
  return {
    elsewhere: elsewhere.map(({ file, line, what, isPart }) => {
      return `${file.slice(root.length + 1)}:${line} ${what}${isPart ? ", a part of it" : ""}`;
    }),
    images: images.map(({ written, file, line }) => `${written} ${file.slice(root.length + 1)}:${line}`).sort(),
    problems: problems.map(
      ({ severity, file, line, message }) => `${severity} ${file.slice(root.length + 1)}:${line} ${message}`,
    ),
  };
}

describe("a kustomization", () => {
  test("names what its overrides, patches and components make of its base, from where that is written", async () => {
    const { images, problems, elsewhere } = await discover("overlay");
    expect(images).toEqual([
      "added:1 overlay/patch.yaml:4",
      "alpine:3 overlay/kustomization.yaml:10",
      "registry.corp.example/nginx:1.27 base/deployment.yaml:9",
      "team/side:v2 base/deployment.yaml:10",
      "tool:9 component/job.yaml:4",
    ]);
    expect(problems).toEqual([]);
    expect(elsewhere).toEqual([
      "overlay/kustomization.yaml:1 the remote resource https://example.com/remote.yaml, a part of it",
    ]);
  });

  test("with charts reads those that are here, with their values, and names the others", async () => {
    const { images, elsewhere, problems } = await discover("charted");
    expect(images).toEqual(["q.io/here:2 charted/kustomization.yaml:4", "q.io/there:3 charted/there.yaml:1"]);
    expect(elsewhere).toEqual([
      "charted/kustomization.yaml:2 the chart there 1.2.3 of https://charts.example.com, a part of it",
    ]);
    expect(problems).toEqual([]);
  });

  test("that others build upon is not listed by itself as well", async () => {
    const { images } = await discover("");
    expect(images.filter((image) => image.includes("nginx"))).toEqual([
      "registry.corp.example/nginx:1.27 base/deployment.yaml:9",
    ]);
    expect((await discover("base")).images).toContain("nginx:1.26 base/deployment.yaml:9");
  });

  test("that runs in a circle comes to an end and says so", async () => {
    const { images, problems } = await discover("circle");
    expect(images).toContain("round circle/b/pod.yaml:3");
    expect(problems.join()).toContain("without end");
  });

  test("that names what is not there says so", async () => {
    expect((await discover("bad")).problems).toEqual([
      'error bad/kustomization.yaml:1 the resource "gone.yaml" is not there',
      'error bad/kustomization.yaml:2 the patch "none.yaml" is not there',
    ]);
  });
});
