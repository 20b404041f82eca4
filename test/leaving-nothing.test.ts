/** However a run ends, no process, mount, namespace or file of it is left on the machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LAB_NEEDS } from "./end-to-end/network-lab.ts";
import { requirement } from "./requirement.ts";
import { until } from "./until.ts";

const FIXTURE = "test/leaving-things-behind.fixture.ts";
const LIMIT_MS = 60_000;

describe.skipIf(!requirement(...LAB_NEEDS, "setpriv", "setsid").met)("nothing is left behind by", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "lt-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function startRun(mark: string, how: string, file = FIXTURE) {
    const run = Bun.spawn([process.execPath, join(import.meta.dir, "run.ts"), file], {
      env: { ...process.env, LARDER_TEST_INSTALL: "0", TMPDIR: folder, LARDER_MARK: mark, LARDER_LEAVES: how },
      stdio: ["ignore", "pipe", "ignore"],
    });
    let printed = "";
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const chunk of run.stdout) printed += decoder.decode(chunk, { stream: true });
    };
    void read();
    return { run, printed: () => printed };
  }

  /** What carries this mark: command lines, mounts and namespaces. */
  function leftOf(mark: string): readonly string[] {
    const commands = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " "));
    const all = [...commands, ...textOf("/proc/mounts").split("\n"), ...namesIn("/run/netns")];
    return all.filter((line) => line.includes(mark));
  }

  test.each(["a failed test", "a failed beforeAll", "a test that takes too long"])(
    "%s",
    async (how) => {
      const mark = newMark();
      const { run, printed } = startRun(mark, how);
      expect(await run.exited).toBe(1);
      expect(printed()).toContain("everything is there");
      await until("all of it is gone", () => leftOf(mark).length === 0);
      expect(readdirSync(folder)).toEqual([]);
    },
    LIMIT_MS,
  );

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "a run that is ended by %s",
    async (signal) => {
      const mark = newMark();
      const { run, printed } = startRun(mark, "hanging");
      await until("it has begun", () => printed().includes("everything is there"));
      expect(leftOf(mark).length).toBeGreaterThan(0);
      run.kill(signal);
      expect(await run.exited).toBe(1);
      await until("all of it is gone", () => leftOf(mark).length === 0);
      expect(readdirSync(folder)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "a run that is killed, once the next one has begun",
    async () => {
      const mark = newMark();
      const { run, printed } = startRun(mark, "hanging");
      await until("it has begun", () => printed().includes("everything is there"));
      run.kill("SIGKILL");
      await run.exited;
      await until("all of it is gone but its files", () => leftOf(mark).length === 0);
      expect(readdirSync(folder)).toEqual([`larder-${run.pid}`]);
      await startRun(mark, "", "test/test-report.test.ts").run.exited;
      expect(readdirSync(folder)).toEqual([]);
    },
    LIMIT_MS,
  );
});

function newMark(): string {
  return `mark-${crypto.randomUUID().slice(0, 8)}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // A process that has ended meanwhile.
  }
}

function namesIn(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
