/** What `larder install` takes for settings, told without a change to any machine. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../end-to-end/run-command.ts";
import { LARDER } from "./run-larder.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-install-"));
  file = join(folder, "mine.yaml");
  await writeFile(file, "http: :8080\ndata: /var/lib/larder\n");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const install = (...argv: readonly string[]) =>
  runCommand([LARDER, "install", "--dry-run", "--root", join(folder, "root"), "--program", "/proc/self/exe", ...argv], {
    environment: { HOME: folder },
  });

test("a file becomes larder.yaml, whatever flags of its own the verb is given beside it", async () => {
  for (const beside of [[], ["--no-start"]]) {
    const { status, output, errors } = await install("--config", file, ...beside);
    expect([status, errors]).toEqual([0, ""]);
    expect(output).toContain("would write /etc/larder/larder.yaml\n");
  }
});

test("a file and flags of settings together are refused, and so is a file that is not there", async () => {
  const both = await install("--config", file, "--http", ":5000");
  expect([both.status, both.errors]).toEqual([1, expect.stringContaining("say everything in the file")]);
  const none = await install("--config", join(folder, "none.yaml"));
  expect([none.status > 0, none.errors]).toEqual([true, expect.stringContaining("none.yaml")]);
  expect(none.errors).not.toContain("say everything");
});
