import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { imagesCommand } from "./images.ts";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-images-"));
  await mkdir(join(folder, "empty"));
  await mkdir(join(folder, "good"));
  const pod =
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - image: nginx:1.27\n    - image: alpine\n      args: [--x=quay.io/a/b:1]\n";
  await writeFile(join(folder, "good", "pod.yaml"), `${pod}---\n${pod}`);
  await writeFile(join(folder, "broken.yaml"), "a: 1\nb: [\n");
});
afterAll(() => rm(folder, { recursive: true }));

let input = "";

async function run(...args: string[]): Promise<{ stdout: string; stderr: string; status: number }> {
  let [stdout, stderr, status] = ["", "", 0];
  const io: CommandIo = {
    stdout: { isTerminal: false, write: (text) => void (stdout += text) },
    stderr: { isTerminal: false, write: (text) => void (stderr += text) },
    stdin: () => new Blob([input]).stream(),
    environment: {},
    signal: new AbortController().signal,
  };
  try {
    await imagesCommand(io).parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    status = error.exitStatus;
  }
  return { stdout, stderr, status };
}

test("images lists full names, sorted, each once", async () => {
  expect(await run(join(folder, "good"))).toEqual({
    stdout: "docker.io/library/alpine:latest\ndocker.io/library/nginx:1.27\nquay.io/a/b:1\n",
    stderr: "",
    status: 0,
  });
  expect((await run("--strict", join(folder, "good"))).stdout).not.toContain("quay.io");
});

test("images --json tells where each comes from", async () => {
  const { stdout } = await run("--json", "--strict", join(folder, "good"));
  expect(JSON.parse(stdout)).toContainEqual({
    image: "docker.io/library/alpine:latest",
    written: "alpine",
    file: join(folder, "good", "pod.yaml"),
    line: 14,
    kind: "field",
    source: "kubernetes",
    platform: null,
  });
});

test("a folder without images is no failure, and says so on stderr alone", async () => {
  const { stdout, stderr, status } = await run(join(folder, "empty"));
  expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  expect(stderr).toContain("no images");
});

test("a broken file is named by line, the rest is listed, and the status is 1", async () => {
  const { stdout, stderr, status } = await run(folder);
  expect(status).toBe(1);
  expect(stdout).toContain("nginx");
  expect(stderr).toMatch(/broken\.yaml:[23]: the YAML is broken/);
});

test("a path that is not there fails", async () => {
  const { stderr, status } = await run(join(folder, "gone"));
  expect(status).toBe(1);
  expect(stderr).toContain("no such file or folder");
});

describe("standard input", () => {
  const cases: [what: string, text: string, images: string[]][] = [
    [
      "manifests",
      "---\n# Source: x\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: 'q.io/a:1'}]}\n",
      ["q.io/a:1"],
    ],
    [
      "JSON",
      '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "q.io/b:1"}]}}]}',
      ["q.io/b:1"],
    ],
    ["a list", "q.io/c:1\nnginx  # the web\n", ["docker.io/library/nginx:latest", "q.io/c:1"]],
    ["a Dockerfile", "ARG V=1\nFROM q.io/d:${V}\nLABEL a: b\n", ["q.io/d:1"]],
    ["a Compose file", "services:\n  a: {image: 'q.io/e:1'}\n", ["q.io/e:1"]],
    ["a JSON list", '["q.io/f:1", "q.io/g:1"]', ["q.io/f:1", "q.io/g:1"]],
  ];
  test.each(cases)("may hold %s", async (_, text, images) => {
    input = text;
    expect(await run("-")).toEqual({ stdout: `${images.join("\n")}\n`, stderr: "", status: 0 });
  });

  test("is the file - in JSON, and may be empty or no text", async () => {
    input = "q.io/c:1\n";
    expect(JSON.parse((await run("--json", "-")).stdout)).toMatchObject([{ file: "-", line: 1 }]);
    input = "";
    expect(await run("-")).toEqual({ stdout: "", stderr: "larder: -: no images are named there\n", status: 0 });
    input = "\0\0\0";
    expect(await run("-")).toMatchObject({ status: 1, stderr: expect.stringContaining("-: it is not a text file") });
  });
});

describe("a list that is not whole", () => {
  const chart =
    "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: x}\nspec: {chart: x, repo: 'https://charts.example.com'}\n";

  test("says so in its last line, with what is elsewhere, and has a status of its own under --strict", async () => {
    input = chart;
    const named = "larder: -:4: the chart x of https://charts.example.com is not here: its images are not listed\n";
    const last = "larder: the list is not whole: 1 is elsewhere (--fetch brings charts); see above\n";
    expect(await run("-")).toEqual({ stdout: "", stderr: named + last, status: 0 });
    expect(await run("--strict", "-")).toMatchObject({ stderr: named, status: 3 });
    input = `${chart}---\na: [\n`;
    expect((await run("-")).status).toBe(1);
    expect((await run("--strict", "-")).status).toBe(3);
  });

  test("is a failure where a part of what is named is elsewhere", async () => {
    await mkdir(join(folder, "kustomized"));
    await writeFile(join(folder, "kustomized", "kustomization.yaml"), "resources: ['https://example.com/x.yaml']\n");
    const { status, stderr } = await run(join(folder, "kustomized"));
    expect(status).toBe(1);
    expect(stderr).toContain("the remote resource https://example.com/x.yaml is not here: its images are not listed");
    await rm(join(folder, "kustomized"), { recursive: true });
  });
});
