/** Files that somebody sends are looked through, in a process of their own, and cost larder nothing but that. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DiscoveryLine } from "../../src/admin/discovery-schemas.ts";
import { tarEntry } from "../../src/lib/tar/tar-entry.ts";
import { runLarder } from "../command-line/run-larder.ts";
import { HOST, PATH, PullThrough } from "../faults/pull-through.ts";
import { until } from "../until.ts";
import { tarOf } from "./tar-of.ts";

const CHART = {
  "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
  "web/values.yaml": "image:\n  repository: quay.io/shop/web\n  tag: '1'\nsidecar: quay.io/shop/proxy:2\n",
  "web/templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - { name: web, image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}" }
        - { name: proxy, image: "{{ .Values.sidecar }}" }
`,
};

/** A larder that only this test has. */
describe("files that somebody sends", () => {
  let lab: PullThrough;
  let folder: string;
  beforeAll(async () => {
    lab = await PullThrough.start();
    folder = await mkdtemp(join(tmpdir(), "larder-discoveries-"));
  });
  afterAll(async () => {
    await lab.stop();
    await rm(folder, { recursive: true });
  });

  const send = (body: Uint8Array | ReadableStream<Uint8Array>, query = "", init: RequestInit = {}) =>
    fetch(`${lab.larder.url}/api/v1/discoveries?${query}`, {
      method: "POST",
      headers: { "Content-Type": "application/x-tar" },
      body,
      ...init,
    });
  const linesOf = async (response: Response): Promise<DiscoveryLine[]> => {
    const text = await response.text();
    expect(response.status, text).toBe(200);
    return text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as DiscoveryLine);
  };
  const look = async (files: Readonly<Record<string, string>>, query = "") =>
    linesOf(await send(await tarOf(files), query));
  const imagesIn = (lines: readonly DiscoveryLine[]) =>
    lines.flatMap((line) => (line.kind === "image" ? [line.image] : []));
  const nothingIsLeft = async () => (await readdir(join(lab.larder.dataFolder, "discoveries"))).length === 0;

  test("tells what a chart, a manifest and a list name, where, and which of it is here", async () => {
    lab.addImage("here");
    lab.addImage("other");
    await fetch(`${lab.larder.url}/api/v1/fetches`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ image: `${HOST}/${PATH}:here`, platforms: "all" }),
    }).then((response) => response.text());
    const lines = await look({
      ...CHART,
      "images.txt": `# a list\n${HOST}/${PATH}:here\n${HOST}/${PATH}:other\nown:local\n`,
    });
    expect(lines[0]).toMatchObject({ kind: "received", files: 4 });
    expect(lines).toContainEqual(
      expect.objectContaining({
        kind: "reference",
        image: "quay.io/shop/web:1",
        file: "web/templates/deployment.yaml",
        line: 8,
      }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        image: "docker.io/library/own:local",
        file: "images.txt",
        line: 4,
        isBuiltLocally: true,
      }),
    );
    const states = lines.flatMap((line) => (line.kind === "image" ? [[line.image, line.state]] : []));
    expect(states).toEqual([
      ["quay.io/shop/proxy:2", "absent"],
      ["quay.io/shop/web:1", "absent"],
      [`${HOST}/${PATH}:here`, "whole"],
      [`${HOST}/${PATH}:other`, "absent"],
    ]);
    expect(lines.at(-1)).toEqual({ kind: "done", images: 4, whole: 1, missingBytes: 0, left: 0, isWhole: true });
    expect(await nothingIsLeft()).toBe(true);
  });

  test("finds what `larder images` finds in the same folder", async () => {
    const files: Record<string, string> = {
      "base/kustomization.yaml": "resources: [app.yaml]\n",
      "base/app.yaml":
        "kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'quay.io/k/a:1'}]}\n",
      "over/kustomization.yaml": "resources: [../base]\nimages: [{name: quay.io/k/a, newTag: '2'}]\n",
      "compose.yaml": "services:\n  db: {image: 'postgres:${TAG:-17}'}\n  web: {build: web}\n",
      ".env": "TAG=16\n",
      "web/Dockerfile": "FROM golang:1.25 AS build\nFROM alpine:3.22\n",
      "broken.yaml": "a: [1\nb: 2\n",
      "release.yaml":
        "kind: HelmRelease\napiVersion: helm.toolkit.fluxcd.io/v2\nspec: {chart: {spec: {chart: web, version: 1.x, sourceRef: {kind: HelmRepository, name: s}}}}\n",
      ".git/config": "image: quay.io/not/this:1\n",
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const told = await runLarder(new URL(lab.larder.url).host, ["images", folder], { PATH: "/usr/bin:/bin" });
    const inside = Object.fromEntries(Object.entries(files).map(([path, text]) => [`all/${path}`, text]));
    const lines = await look(inside);
    expect(imagesIn(lines).join("\n")).toBe(told.output.trimEnd());
    const problems = lines.flatMap((line) =>
      line.kind === "problem" ? [`${line.file}:${line.line}: ${line.message}`] : [],
    );
    expect(problems).toHaveLength(2);
    for (const problem of problems) expect(told.errors).toContain(problem.replace(/^all/, folder));
    // As tar has it of a folder's content.
    const [whole, wholeFolder] = [await tarOf(files, [tarEntry("./", "directory")]), imagesIn(lines)];
    expect(imagesIn(await linesOf(await send(whole)))).toEqual(wholeFolder);
  });

  test("takes values for charts, platforms and a Kubernetes release", async () => {
    const values = {
      ".larder/values/1.yaml": "image: {tag: '2'}\nsidecar: quay.io/values/one:1\n",
      ".larder/values/2.yaml": "sidecar: quay.io/values/two:1\n",
      ".larder/set": "image.tag=3\n\nimage.repository=quay.io/set/web\n",
      ".larder/set-string": "image.tag=20240101\n",
    };
    const lines = await look({ ...CHART, ...values }, "platforms=linux/arm64,amd64&strict=true&helm=3");
    expect(imagesIn(lines)).toEqual(["quay.io/set/web:20240101", "quay.io/values/two:1"]);
    expect(lines).toContainEqual(expect.objectContaining({ platforms: ["linux/arm64", "linux/amd64"] }));
    const release = await linesOf(
      await send(new Uint8Array(0), "kubernetes=v1.31.2&runtime=containerd@2.1&addOns=flannel"),
    );
    expect(imagesIn(release)).toHaveLength(9);
    expect(imagesIn(release)).toContain("registry.k8s.io/kube-apiserver:v1.31.2");
    expect(imagesIn(release).some((image) => image.includes("flannel"))).toBe(true);
  });

  test("what cannot be taken is refused with words", async () => {
    const text = (name: string) => tarOf({ [name]: "image: quay.io/a/b:1\n" });
    const refused = async (body: Uint8Array, query = "", init: RequestInit = {}) => {
      const response = await send(body, query, init);
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      return `${response.status} ${code}: ${detail}`;
    };
    const json = { headers: { "Content-Type": "application/json" } };
    expect(await refused(new Uint8Array(0))).toBe("400 BAD_REQUEST: there are no files in it");
    expect(await refused(Buffer.from("kind: Pod\n".repeat(100)))).toContain(
      "400 BAD_REQUEST: the request's body is no tar",
    );
    expect(await refused((await text("a.yaml")).subarray(0, 530))).toContain("the request's body is no tar");
    expect(await refused(await text("a.yaml"), "", json)).toContain("Content-Type must be application/x-tar");
    for (const path of [
      "../a.yaml",
      "/etc/a.yaml",
      "a/../../b.yaml",
      "a/..",
      `${"x/".repeat(70)}a.yaml`,
      "x".repeat(256),
    ]) {
      expect(await refused(await text(path)), path).toMatch(/^400 BAD_REQUEST: the path /);
    }
    expect(await refused(await tarOf({ "a/b": "", a: "" }))).toContain(
      "400 BAD_REQUEST: a path is that of a file and of",
    );
    expect(await refused(await text("a.yaml"), "platforms=toaster")).toContain('"toaster" is not a platform');
    expect(await refused(await text("a.yaml"), "platforms=all&prefer=linux/arm64")).toContain("contradict each other");
    expect(await refused(await text("a.yaml"), "runtime=containerd@2.1")).toContain("are said with kubernetes");
    expect(await refused(await text("a.yaml"), "kubernetes=banana")).toContain("banana");
    expect(await refused(await tarOf({ "a.yaml": "", ".larder/set": "a[=b\n" }))).toMatch(/^400 BAD_REQUEST/);
    const many = Object.fromEntries(Array.from({ length: 20_001 }, (_, index) => [`f${index}`, ""]));
    expect(await refused(await tarOf(many))).toMatch(/^413 PAYLOAD_TOO_LARGE: there are more than 20000 files/);
    expect(await refused(await tarOf({ large: new Uint8Array(64_000_001) }))).toMatch(/^413 PAYLOAD_TOO_LARGE/);
    expect(await nothingIsLeft()).toBe(true);
  }, 60_000);

  test("no file leads anywhere but to the others", async () => {
    const secret = join(folder, "secret.yaml");
    await writeFile(secret, "image: quay.io/secret/key:1\nbroken: [quay.io/secret/words:1\n");
    const up = `${"../".repeat(12)}${secret.slice(1)}`;
    const files = {
      "p/kustomization.yaml": `resources: ["${secret}", "${up}", "../..", "${dirname(up)}"]\n`,
      "p/compose.yaml": `include: ["${secret}"]\nservices:\n  a: {image: 'a', env_file: "${secret}", extends: {file: "${up}", service: b}}\n  b: {build: {context: "${folder}", dockerfile: "${secret}"}}\n`,
      "p/web.container": `[Kube]\nYaml=${secret}\n`,
      "p/web.kube": `[Kube]\nYaml=${secret}\n`,
      "p/chart/Chart.yaml": `name: c\nversion: 1.0.0\ndependencies: [{name: d, version: 1.0.0, repository: "file://${dirname(up)}"}]\n`,
      "p/helmfile.yaml": `helmfiles: ["${secret}"]\nreleases: [{name: a, chart: "${folder}", values: ["${secret}"]}]\n`,
      "p/.gitlab-ci.yml": `include: [{local: "${up}"}, {local: "/../../../**/*.yaml"}]\na: {script: x, image: b}\n`,
      "p/devcontainer.json": `{"image": "c", "dockerComposeFile": "${secret}"}`,
      "p/zarf.yaml": `kind: ZarfPackageConfig\ncomponents: [{name: a, manifests: [{name: b, files: ["${secret}"]}], charts: [{name: c, localPath: "${folder}", valuesFiles: ["${secret}"]}]}]\n`,
      "p/docker-bake.hcl": `target "a" { context = "${folder}"\n dockerfile = "${secret}" }\n`,
    };
    const links = [
      tarEntry("p/link.yaml", "symlink", { linkTarget: secret }),
      tarEntry("p/hard.yaml", "hardlink", { linkTarget: secret }),
    ];
    const told = JSON.stringify(await linesOf(await send(await tarOf(files, links))));
    expect(told).not.toContain("quay.io/secret");
    expect(told).toContain("it is no file, and was passed over");
    // Nor is it told of them what lies elsewhere.
    expect(told).not.toContain("discoveries.test.ts");
  });

  test("a chart that takes long, and one that takes all memory, ends by itself, and larder goes on meanwhile", async () => {
    const chart = (template: string) => ({
      "c/Chart.yaml": "name: c\nversion: 1.0.0\n",
      "c/templates/a.yaml": template,
    });
    const client = new AbortController();
    const endless = "{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ $j }}{{ end }}{{ end }}";
    const asked = send(await tarOf(chart(endless)), "", { signal: client.signal }).then((response) => response.text());
    const version = () => fetch(`${lab.larder.url}/api/v1/version`).then((response) => response.status);
    expect(await version()).toBe(200);
    client.abort();
    await expect(asked.then((text) => JSON.parse(text.split("\n")[0] ?? ""))).rejects.toThrow();
    await until("the process of a client that left is gone", nothingIsLeft);
    const bomb = `{{ $a := repeat 1000000 "a" }}{{ range $i := until 5000 }}{{ $a = print $a $a }}{{ end }}{{ $a }}`;
    const answer = await send(await tarOf(chart(bomb)));
    const text = await answer.text();
    // Either the templates' own bounds say so, or the process was ended.
    expect(text).toMatch(/"severity":"error"|PAYLOAD_TOO_LARGE/);
    expect(await version()).toBe(200);
  }, 90_000);

  test("what a kill leaves ends with larder, and is removed at the next start", async () => {
    const upload = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        await Bun.sleep(1);
        controller.enqueue(new Uint8Array(512));
      },
    });
    const asked = send(upload).catch(() => null);
    const workers = async () => (await Promise.all((await childrenOf(lab.larder.pid)).map(isWorker))).filter(Boolean);
    await until("a process looks through files", async () => (await workers()).length === 1);
    const ids = await childrenOf(lab.larder.pid);
    expect(await nothingIsLeft()).toBe(false);
    await lab.restart();
    await asked;
    expect(await readdir(join(lab.larder.dataFolder, "discoveries")).catch(() => [])).toEqual([]);
    const areGone = async () => !(await Promise.all(ids.map(isWorker))).includes(true);
    await until("the process has ended with its larder", areGone);
  }, 60_000);
});

async function childrenOf(pid: number): Promise<readonly string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lists = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => ""));
  return (await Promise.all(lists)).flatMap((list) => list.split(" ").filter((id) => id !== ""));
}

async function isWorker(id: string): Promise<boolean> {
  return (await readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")).includes("discovery-work");
}
