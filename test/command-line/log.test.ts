/** The log of a running larder, on whatever its standard error is: a file, a terminal, a pipe that nobody reads. */
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtemp, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderOptions, type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { runLarder } from "./run-larder.ts";
import { requirement } from "../requirement.ts";

const TIMEOUT_MS = 60_000;
const PROGRAM = join(import.meta.dir, "..", "..", "larder");

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function start(options: LarderOptions = {}): Promise<LarderProcess> {
  const larder = await startLarder(options);
  stops.push(() => larder.stop());
  return larder;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let looks = 0; looks < 1000 && !isSo(); looks++) await Bun.sleep(10);
  if (!isSo()) throw new Error(`never: ${what}`);
}

/** The lines that are objects, as far as they are there: those of standard output are for people. */
function objectsOf(text: string): readonly Record<string, unknown>[] {
  const lines = text.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("elsewhere than on a terminal, each line is an object: the start, each request, the end with its reason", async () => {
  const larder = await start();
  await fetch(`${larder.url}/v2/team/app/manifests/1`, { headers: { "X-Request-ID": "mine" } });
  await fetch(`${larder.url}/v2/`);
  await larder.stop();
  const objects = objectsOf(larder.output());
  expect(objects.map(({ message }) => message)).toEqual([
    "larder has started",
    "request",
    "larder stops",
    "larder has stopped",
  ]);
  expect(objects[0]).toMatchObject({ level: "info", urls: larder.url, data: larder.dataFolder, process: larder.pid });
  expect(objects[1]).toMatchObject({ requestId: "mine", client: "127.0.0.1", status: 404, code: "MANIFEST_UNKNOWN" });
  expect(objects[2]).toMatchObject({ reason: "SIGTERM" });
  expect(typeof objects[3]?.["ms"]).toBe("number");
});

test("a switch is told once, and what an operator did stands beside it", async () => {
  const larder = await start({ arguments: ["--upstream", "registry.test=http://127.0.0.1:1"] });
  for (const state of ["on", "on", "off"]) {
    const { status, errors } = await runLarder(larder.url, ["offline", state]);
    expect({ status, errors }).toMatchObject({ status: 0 });
  }
  await until("it is told", () => larder.output().includes("larder is online"));
  const told = objectsOf(larder.output()).flatMap(({ offline, message }) =>
    message === "larder has started" || offline === undefined ? [] : [offline],
  );
  expect(told).toEqual([true, false]);
});

test("a fetch that fails after its answer has begun is told with the reason, as a refusal is", async () => {
  const larder = await start({ arguments: ["--upstream", "registry.test=http://127.0.0.1:1"] });
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ image: "registry.test/app:1", platforms: "all" });
  const response = await fetch(`${larder.url}/api/v1/fetches`, { method: "POST", headers, body });
  expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("UPSTREAM_UNAVAILABLE")]);
  const told = () => objectsOf(larder.output()).find(({ route }) => route === "admin:fetchImage");
  await until("it is told", () => told() !== undefined);
  expect(told()).toMatchObject({ level: "warning", status: 200, code: "UPSTREAM_UNAVAILABLE" });
});

test("who is refused is told for people with the reason, to its end", async () => {
  const larder = await start({ arguments: ["--log-format", "human"] });
  await fetch(`${larder.url}/v2/app/blobs/uploads/`, { method: "POST", headers: { Host: "foreign.example" } });
  await until("it is told", () => larder.output().includes("POST   403"));
  expect(larder.output()).toMatch(/^.*POST {3}403.*--name foreign\.example makes it one/m);
});

test("lines for people may be asked for, with their full time and without colours", async () => {
  const larder = await start({ arguments: ["--log-format", "human", "--log-level", "debug"] });
  await fetch(`${larder.url}/v2/`);
  await until("a line", () => larder.output().includes(" /v2/ 127.0.0.1\n"));
  expect(larder.output()).toMatch(/^\d{4}-\d\d-\d\dT\S+Z GET {4}200 {5}2 B .* \/v2\/ 127\.0\.0\.1$/m);
  expect(larder.output()).not.toContain("\u001b");
});

describe.skipIf(!requirement("script").met)("on a terminal", () => {
  test.each([{}, { NO_COLOR: "1" }])("it is for people, in colours unless %p", async (environment) => {
    const folder = await mkdtemp(join(tmpdir(), "larder-log-"));
    stops.push(() => rm(folder, { recursive: true, force: true }));
    const line = `'${PROGRAM}' serve --offline --http 127.0.0.1:0 --data '${folder}'`;
    const child = Bun.spawn(["script", "--quiet", "--return", "--command", line, "/dev/null"], {
      env: { PATH: Bun.env["PATH"] ?? "", HOME: "/nonexistent", TERM: "xterm", ...environment },
      stdin: "ignore",
      stdout: "pipe",
    });
    stops.push(() => child.exited);
    let screen = "";
    const reading = (async () => {
      for await (const chunk of child.stdout) screen += new TextDecoder().decode(chunk);
    })();
    await until("its start", () => /process=\d+/.test(screen));
    const pid = Number(/process=(\d+)/.exec(screen)?.[1]);
    stops.push(() => process.kill(pid, "SIGTERM"));
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(screen) ?? [""];
    await fetch(`${url}/v2/team/app/manifests/1`);
    await until("a line", () => screen.includes("MANIFEST_UNKNOWN"));
    expect(Bun.stripANSI(screen)).toMatch(
      /^\d\d:\d\d:\d\d GET {4}404 .* local\/team\/app:1 127\.0\.0\.1 MANIFEST_UNKNOWN/m,
    );
    expect(screen.includes("\u001b[33m404\u001b[0m")).toBe(!("NO_COLOR" in environment));
    process.kill(pid, "SIGTERM");
    stops.pop();
    await Promise.all([child.exited, reading]);
  });
});

/** A larder whose standard error is a pipe that is open and that nobody reads. */
async function startUnread(pipe: string): Promise<LarderProcess> {
  const script = 'mkfifo "$0" && exec 3<>"$0" && exec "$@" 2>"$0"';
  return start({ wrapper: ["sh", "-c", script, pipe] });
}

async function residentBytes(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await Bun.file(`/proc/${pid}/status`).text())?.[1]) * 1024;
}

describe("a log that nobody takes", () => {
  test(
    "stops no request and grows no memory; what is left out is counted, and told when somebody reads again",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "larder-log-"));
      stops.push(() => rm(folder, { recursive: true, force: true }));
      const pipe = join(folder, "stderr");
      const larder = await startUnread(pipe);
      const ask = async () => (await fetch(`${larder.url}/${"x".repeat(400)}`)).status;
      for (let round = 0; round < 300; round++) {
        const statuses = await Promise.all(Array.from({ length: 50 }, ask));
        expect(new Set(statuses)).toEqual(new Set([404]));
      }
      expect(await residentBytes(larder.pid)).toBeLessThan(300 << 20);
      const reader = Bun.spawn(["cat", pipe], { stdout: "pipe" });
      stops.push(() => reader.kill());
      let read = "";
      void (async () => {
        for await (const chunk of reader.stdout) read += new TextDecoder().decode(chunk);
      })();
      await until("what waited is read", () => read.length > 4 << 20);
      await until("a line about the others", () => (void ask(), read.includes("lines of this log were left out")));
      const objects = objectsOf(read.slice(0, read.lastIndexOf("\n")));
      const told = objects.find(({ message }) => String(message).includes("left out"));
      const requests = objects.filter(({ message }) => message === "request").length;
      expect(Number(told?.["lines"])).toBeGreaterThan(1000);
      expect(Number(told?.["lines"]) + requests).toBeGreaterThanOrEqual(15_000);
    },
    TIMEOUT_MS,
  );

  test(
    "does not keep larder from ending",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "larder-log-"));
      stops.push(() => rm(folder, { recursive: true, force: true }));
      const larder = await startUnread(join(folder, "stderr"));
      for (let round = 0; round < 10; round++) {
        await Promise.all(Array.from({ length: 50 }, () => fetch(`${larder.url}/${"x".repeat(400)}`)));
      }
      expect(await larder.stop()).toBe(0);
    },
    TIMEOUT_MS,
  );

  test("may go away while larder runs", async () => {
    const larder = await start({ wrapper: ["bash", "-c", 'exec "$@" 2> >(head -c 1 >/dev/null)', "-"] });
    for (let round = 0; round < 20; round++) {
      expect((await fetch(`${larder.url}/v2/team/app/manifests/1`)).status).toBe(404);
      await Bun.sleep(10);
    }
    expect(await larder.stop()).toBe(0);
  });

  test("may never have been there, and then nothing else takes its place", async () => {
    const larder = await start({ wrapper: ["sh", "-c", 'exec "$@" 2>&-', "-"] });
    for (let round = 0; round < 20; round++) await fetch(`${larder.url}/v2/team/app/manifests/1`);
    expect(await readlink(`/proc/${larder.pid}/fd/2`)).toBe("/dev/null");
    expect(await larder.stop()).toBe(0);
  });
});
