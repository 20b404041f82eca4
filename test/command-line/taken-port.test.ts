/** A port that somebody has is never shared: neither with a second larder nor with a program that would share it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import type { CommandResult } from "../end-to-end/run-command.ts";
import { runLarder } from "./run-larder.ts";

const FREE = "127.0.0.1:0";
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-ports-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Tries to start another larder, which has to fail. */
function serve(...argv: readonly string[]): Promise<CommandResult> {
  return runLarder("", ["serve", "--offline", "--data", join(folder, crypto.randomUUID()), ...argv]);
}

async function startFirst(...argv: readonly string[]): Promise<LarderProcess> {
  const larder = await startLarder({ arguments: argv });
  stops.push(() => larder.stop());
  return larder;
}

/** The port of loopback that larder says it listens on for `scheme`. */
function portOf(larder: LarderProcess, scheme: "http" | "https"): number {
  return Number(new RegExp(`\\b${scheme}://127\\.0\\.0\\.1:(\\d+)`).exec(larder.output())?.[1]);
}

describe("a port of another larder is refused", () => {
  test.each(["http", "https"] as const)("for %s, by either, naming the process", async (scheme) => {
    const first = await startFirst("--https", FREE);
    const address = `127.0.0.1:${portOf(first, scheme)}`;
    for (const flags of [
      ["--http", address],
      ["--http", FREE, "--https", address],
    ]) {
      const { status, errors } = await serve(...flags);
      expect(status).toBe(1);
      expect(errors).toContain(`cannot listen on ${address}: another larder (process ${first.pid}) does`);
    }
    expect((await fetch(`http://127.0.0.1:${portOf(first, "http")}/v2/`)).status).toBe(200);
  });
});

describe("a port of another program is refused", () => {
  test.each(["--http", "--https"])("for %s, even of one that would share it", async (flag) => {
    const other = Bun.serve({ hostname: "127.0.0.1", port: 0, reusePort: true, fetch: () => new Response() });
    stops.push(() => other.stop(true));
    const others = [`127.0.0.1:${other.port}`, `:${other.port}`];
    for (const address of others) {
      const { status, errors } = await serve("--http", FREE, flag, address);
      expect(status).toBe(1);
      expect(errors).toContain(`(process ${process.pid}) does; stop it, or choose another port with ${flag}`);
    }
  });

  test("for DNS", async () => {
    const other = await Bun.udpSocket({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    stops.push(() => other.close());
    const { status, errors } = await serve("--http", FREE, "--dns", `127.0.0.1:${other.port}`);
    expect(status).toBe(1);
    expect(errors).toContain(`(process ${process.pid}) has port ${other.port}`);
  });
});

test("an address given twice is refused as wrong usage", async () => {
  const other = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const address = `127.0.0.1:${other.port}`;
  await other.stop(true);
  const { status, errors } = await serve("--http", address, "--http", address);
  expect(status).toBe(2);
  expect(errors).toContain(`http: ${address} is listened on for http already`);
});
