import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DiscoveryOptions, discoverImages } from "./discover-images.ts";

const POD = (image: string) =>
  `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: ${image}\n      args: ["--x-image=guess/${image}"]\n`;

let root = "";

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-discovery-"));
});
afterAll(() => rm(root, { recursive: true }));

async function lay(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(join(root, "case-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

async function discover(paths: string[], options: Partial<DiscoveryOptions> = {}) {
  const discovery = await discoverImages(paths, { environment: {}, signal: new AbortController().signal, ...options });
  return {
    images: discovery.images.map(({ written, source, line }) => `${written} ${source}:${line}`).sort(),
    problems: discovery.problems.map(({ severity, file, line, message }) => `${severity} ${file}:${line} ${message}`),
  };
}

describe("images below a path", () => {
  test("are not those by which a chart tries and shows itself, nor of text that its templates fill in", async () => {
    const folder = await lay({
      "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
      "c/templates/p.yaml": POD("own:1"),
      "c/templates/tests/t.yaml": POD("hook:1"),
      "c/test/p.yaml": POD("no:1"),
      "c/tests/p.yaml": POD("no:2"),
      "c/ci/p.yaml": POD("no:3"),
      "c/examples/p.yaml": POD("no:4"),
      "c/files/p.yaml": POD("{{ .Values.no }}"),
      "c/more/p.yaml": POD("more:1"),
      "tests/p.yaml": POD("yes:1"),
    });
    const found = await discover([folder], { strict: true });
    expect(found.images).toEqual(["hook:1 helm:5", "more:1 kubernetes:5", "own:1 helm:5", "yes:1 kubernetes:5"]);
    expect(found.problems).toEqual([]);
  });

  test("of charts are by the values that are given", async () => {
    const folder = await lay({
      "c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
      "c/values.yaml": "image: {name: a/b, tag: 1}\n",
      "c/templates/p.yaml": POD("{{ .Values.image.name }}:{{ .Values.image.tag }}"),
      "mine.yaml": "image: {tag: 2}\n",
    });
    const helm = { helm: null, valuesFiles: [join(folder, "mine.yaml")], set: ["image.name=x/y"], setString: [] };
    expect((await discover([join(folder, "c")], { strict: true, helm })).images).toEqual(["x/y:2 helm:5"]);
    const missing = { ...helm, valuesFiles: [join(folder, "none.yaml")] };
    expect(discover([join(folder, "c")], { helm: missing })).rejects.toThrow("none.yaml");
  });

  test("come from every kind of file, with guesses only when they are wanted", async () => {
    const folder = await lay({
      "a/pod.yaml": POD("one:1"),
      "a/list.json": JSON.stringify({ apiVersion: "v1", kind: "Pod", spec: { containers: [{ image: "two:2" }] } }),
      "compose.yml": "services: {s: {image: 'three:${N}'}}\n",
      ".env": "N=3\n",
      Dockerfile: "FROM four:4\n",
      "k3s-images.txt": "docker.io/rancher/five:5\n",
      "values-prod.yaml": "image: {repository: six/six, tag: '6'}\n",
      "chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
      "chart/templates/p.yaml": POD("{{ .Values.image }}"),
      "chart/values.yaml": "image: seven:7\n",
    });
    const all = await discover([folder]);
    expect(all.images.filter((image) => !image.startsWith("guess/"))).toEqual([
      "docker.io/rancher/five:5 list:1",
      "four:4 dockerfile:1",
      "one:1 kubernetes:5",
      "seven:7 helm:5",
      "six/six:6 values:1",
      "three:3 compose:1",
      "two:2 kubernetes:1",
    ]);
    expect(all.images).toContain("guess/one:1 kubernetes:6");
    const strict = await discover([folder], { strict: true });
    expect(strict.images.some((image) => image.includes("guess/") || image.includes("six"))).toBe(false);
    expect(strict.images).toHaveLength(6);
  });

  test("are found in the hidden files of tools", async () => {
    const folder = await lay({
      ".gitlab-ci.yml": "include: ci/a.yml\nimage: q.io/gitlab:1\n",
      "ci/a.yml": "x: {image: q.io/part:$V, script: [x], stage: a}\nvariables: {V: '1'}\n",
      ".github/workflows/w.yml": "jobs: {a: {runs-on: x, container: q.io/github:1}}\n",
      ".github/actions/x/action.yml": "runs: {using: docker, image: docker://q.io/action:1}\n",
      ".gitea/workflows/w.yaml": "jobs: {a: {runs-on: x, container: q.io/gitea:1}}\n",
      ".drone.yml": "kind: pipeline\nsteps: [{image: q.io/drone:1}]\n",
      ".woodpecker/a.yaml": "steps: {a: {image: q.io/woodpecker:1}}\n",
      ".circleci/config.yml": "jobs: {a: {docker: [{image: q.io/circleci:1}]}}\n",
    });
    const { images, problems } = await discover([folder]);
    expect(images.map((image) => image.split(" ")[0])).toEqual([
      "docker://q.io/action:1",
      "q.io/circleci:1",
      "q.io/drone:1",
      "q.io/gitea:1",
      "q.io/github:1",
      "q.io/gitlab:1",
      "q.io/part:1",
      "q.io/woodpecker:1",
    ]);
    expect(problems).toEqual([]);
  });

  test("of a Dockerfile are those of the builds that other files make of it", async () => {
    const folder = await lay({
      "compose.yaml": `services:
  a: {build: {context: a, args: {BASE: q.io/base}}}
  b: {build: {dockerfile_inline: "FROM q.io/inline:1"}}
  c: {build: gone}
`,
      "a/Dockerfile": "ARG BASE\nFROM ${BASE}:${TARGETARCH}\n",
      Dockerfile: "FROM q.io/alone:1\n",
    });
    const platforms = [
      { os: "linux", architecture: "s390x" },
      { os: "linux", architecture: "arm64" },
    ];
    const { images, problems } = await discover([folder], { platforms });
    expect(images).toEqual([
      "q.io/alone:1 dockerfile:1",
      "q.io/base:arm64 dockerfile:2",
      "q.io/base:s390x dockerfile:2",
      "q.io/inline:1 dockerfile:3",
    ]);
    expect(problems).toEqual([]);
    const { elsewhere } = await discoverImages([folder], { environment: {}, signal: new AbortController().signal });
    expect(elsewhere).toMatchObject([{ what: `the Dockerfile ${folder}/gone/Dockerfile`, line: 4 }]);
  });

  test("are not looked for in other programs' files", async () => {
    const folder = await lay({
      "workflow.yaml": "jobs: {a: {container: {image: 'x/y:1'}}}\n",
      "package-lock.json": '{"image": "x/y:1"}',
      "tsconfig.json": '{ // a comment\n  "include": ["src"], "containers": 1}',
      "vendor/modules.txt": "# example.com/x v1\n",
      "vendor/example.com/x/Dockerfile": "FROM q.io/vendored:1\n",
      "README.txt": "Use nginx:1.27, or docker.io/library/nginx:1.27.\n",
      "blob.yaml": new Uint8Array([1, 0, 2, 0]),
      ".github/w.yaml": POD("hidden:1"),
      ".git/w.yaml": POD("hidden:3"),
      ".cache/.gitlab-ci.yml": "image: hidden:4",
      "node_modules/m/pod.yaml": POD("hidden:2"),
    });
    expect(await discover([folder])).toEqual({ images: [], problems: [] });
  });

  test("that are broken are named, and the rest is listed", async () => {
    const folder = await lay({
      "a.yaml": "a: [1\nb: 2\n",
      "b.yaml": POD("fine:1"),
      "t.yaml": `{{ if x }}\n${POD("plain:1")}\n${POD("{{ .y }}")}`,
    });
    const { images, problems } = await discover([folder], { strict: true });
    expect(images).toEqual(["fine:1 kubernetes:5"]);
    expect(problems).toHaveLength(2);
    expect(problems[0]).toStartWith(`error ${folder}/a.yaml:`);
    expect(problems[1]).toStartWith(`error ${folder}/t.yaml:13 the image "{{ .y }}"`);
  });

  test("may be named by file, whatever it is called, or by the overlay's name", async () => {
    const folder = await lay({
      "one/mconnect/pod.yaml": POD("first:1"),
      "two/mconnect/pod.yaml": POD("second:1"),
      list: "alpine\n",
      recipe: "# c\nFROM b:1\n",
      m: POD("c:1"),
    });
    const environment = { XCLUSTER_OVLPATH: `${folder}/none:${folder}/one:${folder}/two` };
    expect((await discover(["mconnect"], { environment, strict: true })).images).toEqual(["first:1 kubernetes:5"]);
    for (const name of ["../one/mconnect", "none", ""]) {
      expect((await discover([name], { environment })).problems[0]).toContain("no such file or folder, nor an overlay");
    }
    const files = ["list", "recipe", "m"].map((name) => join(folder, name));
    expect((await discover(files, { strict: true })).images).toEqual([
      "alpine list:1",
      "b:1 dockerfile:2",
      "c:1 kubernetes:5",
    ]);
  });

  test("are found once where links lead in circles, and links to elsewhere are named", async () => {
    const outside = await lay({ "pod.yaml": POD("outside:1") });
    const folder = await lay({ "a/pod.yaml": POD("one:1") });
    await symlink(folder, join(folder, "a", "up"));
    await symlink(outside, join(folder, "out"));
    await symlink(join(folder, "nowhere"), join(folder, "dead.yaml"));
    await symlink(join(outside, "pod.yaml"), join(folder, "linked.yaml"));
    const { images, problems } = await discover([folder], { strict: true });
    expect(images).toEqual(["one:1 kubernetes:5", "outside:1 kubernetes:5"]);
    expect(problems).toEqual([
      `note ${folder}/out:null the link to the folder ${outside} is not followed: name that folder too`,
    ]);
  });

  test("in thousands of files are all found", async () => {
    const files = Array.from({ length: 3000 }, (_, i): [string, string] => [
      `d${i % 50}/f${i}.yaml`,
      POD(`app/n${i}:1`),
    ]);
    const folder = await lay(Object.fromEntries(files));
    expect((await discover([folder], { strict: true })).images).toHaveLength(3000);
  }, 60_000);

  test("are given up when the signal says so", async () => {
    const folder = await lay({ "a.yaml": POD("a:1") });
    expect(discover([folder], { signal: AbortSignal.abort() })).rejects.toThrow();
  });
});
