/** What all verbs have in common: exit statuses, streams, old names. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage } from "../conformance/registry-client.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { hostOf, smallImage } from "./test-site.ts";
import { LARDER, runLarder } from "./run-larder.ts";

let server: LarderProcess;
beforeAll(async () => {
  server = await startLarder();
  await pushImage(server.url, "app", smallImage(), "1");
});
afterAll(() => server.stop());
const larder = (...argv: string[]) => runLarder(hostOf(server.url), argv);

describe("wrong usage", () => {
  test.each([
    [["--nonsense"]],
    [["help", "nonsense"]],
    [["mirror"]],
    [["nonsense"]],
    [["has"]],
    [["has", "--nonsense", "app:1"]],
    [["has", "app:1", "--platform", "a/b/c/d"]],
    [["has", "app:1", "--platform", "linux/amd64", "--all-platforms"]],
    [["has", "app:"]],
    [["inspect", "app:1", "--raw", "--json"]],
    [["cache", "app@sha256:0"]],
    [["rm", "-x", "app:1"]],
    [["preload"]],
    [["offline", "maybe"]],
    [["gc", "--grace", "soon"]],
    [["completion", "tcsh"]],
    [["mirror"]],
    [["copy", "app:1"]],
    [["upload"]],
  ])("%j exits with 2, explains itself on stderr, and prints nothing", async (argv) => {
    const { status, output, errors } = await larder(...argv);
    expect({ status, output }).toEqual({ status: 2, output: "" });
    expect(errors).not.toBe("");
    expect(errors).not.toContain("    at ");
  });
});

test.each([
  [["lreg_ls"], 0],
  [["lreg_inspect", "app:1"], 0],
  [["lreg_isloaded", "app:1"], 0],
  [["lreg_isloaded", "other:1"], 1],
  [["lreg_rm", "other:1"], 1],
  [["lreg_cache", "local/app:1"], 1],
])("the seeds' %j exits with %d", async (argv, expected) => {
  expect((await larder(...argv)).status).toBe(expected);
});

test.each(["lreg_ls", "lreg_cache", "lreg_upload", "lreg_inspect", "lreg_rm", "lreg_isloaded"])(
  "%s has help of its own, on stdout",
  async (name) => {
    const { status, output } = await larder(name, "--help");
    expect(status).toBe(0);
    expect(output).toContain(`(the same as: ${name})`);
  },
);

test("a reader that stops early ends the command quietly", async () => {
  const images = Array.from({ length: 3000 }, (_, index) => `docker.io/library/quite-a-long-name-${index}:1`).join(" ");
  const script = `"$1" has --json ${images} | head -1; echo "\${PIPESTATUS[0]}" >&2`;
  const { output, errors } = await runCommand(["bash", "-c", script, "bash", LARDER], {
    environment: { HOME: "/nonexistent", LOCAL_REGISTRY: hostOf(server.url) },
  });
  expect(output).toBe("[\n");
  expect(errors).not.toContain("EPIPE");
});
