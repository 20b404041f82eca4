/**
 * For the runner's own tests: a file that starts all sorts of things and then fails, in the way that LARDER_LEAVES says,
 * or hangs. What it leaves behind carries LARDER_MARK.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NetworkLab } from "./end-to-end/network-lab.ts";

const how = process.env["LARDER_LEAVES"] ?? "";
const mark = process.env["LARDER_MARK"] ?? "";
/** Its parent has ended, it has a session of its own, and it does not listen to those who ask it to end. */
const STUBBORN = `trap "" TERM HUP INT; : ${mark}; while :; do sleep 1000; done`;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), `${mark}-`));
  Bun.spawnSync(["mount", "-t", "tmpfs", mark, folder]);
  Bun.spawnSync(["ip", "netns", "add", mark]);
  Bun.spawnSync(["setsid", "--fork", "sh", "-c", STUBBORN], { stdio: ["ignore", "ignore", "ignore"] });
  const lab = await NetworkLab.create();
  const host = await lab.addHost("host");
  await host.start(["sh", "-c", `echo up; ${STUBBORN}`]).printed(/up/, 20_000);
  console.log("everything is there");
  if (how === "a failed beforeAll") throw new Error("on purpose");
});
afterAll(() => {
  throw new Error("on purpose");
});

test(
  "fails",
  async () => {
    if (how !== "a failed test") await new Promise(() => {});
    expect(how).toBe("another");
  },
  how === "a test that takes too long" ? 500 : 60_000,
);
