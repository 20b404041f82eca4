import { afterAll, beforeAll, expect, test } from "bun:test";
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

async function run(...args: string[]): Promise<{ stdout: string; stderr: string; status: number }> {
  let [stdout, stderr, status] = ["", "", 0];
  const io: CommandIo = {
    stdout: { isTerminal: false, write: (text) => void (stdout += text) },
    stderr: { isTerminal: false, write: (text) => void (stderr += text) },
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
