import { expect, test } from "bun:test";
import type { Namespace } from "../../oci/repository-name.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { RecentFailures } from "./recent-failures.ts";

const [HERE, ELSEWHERE] = ["registry.test", "other.test"] as Namespace[] as [Namespace, Namespace];
const [ONE, TWO] = ["registry.test/app:1", "registry.test/app:2"];
const slow = new UpstreamError({ kind: "timeout", waiting: "header" }, "slow");
const broken = new UpstreamError({ kind: "server-error", status: 500 }, "500");

function setUp() {
  const lines: string[] = [];
  const clock = { nowMs: 0 };
  const log = new LineLog((line) => lines.push(line), "info", Date.now);
  return { clock, lines, failures: new RecentFailures(log, () => clock.nowMs) };
}

test("a registry that lets wait is not asked for its other tags either, until it answers or time has passed", () => {
  const { clock, failures } = setUp();
  failures.remember(HERE, ONE, slow);
  expect([failures.find(HERE, ONE), failures.find(HERE, TWO)]).toEqual([slow, slow]);
  expect(failures.find(ELSEWHERE, "other.test/app:1")).toBeNull();
  failures.forget(HERE, TWO);
  expect(failures.find(HERE, TWO)).toBeNull();
  failures.remember(HERE, ONE, slow);
  clock.nowMs = 60_000;
  expect(failures.find(HERE, TWO)).toBeNull();
});

test("a question that says nothing of others stands against itself alone", () => {
  const { failures } = setUp();
  for (const name of [ONE, TWO, "registry.test/app:3"]) failures.remember(HERE, name, slow, false);
  expect([failures.isSlow(HERE), failures.isSilent(HERE)]).toEqual([false, false]);
  expect(failures.find(HERE, "registry.test/app:4")).toBeNull();
  expect(failures.findWaited(HERE, ONE)).toBe(slow);
});

test("a registry that fails for one tag is asked for others", () => {
  const { failures } = setUp();
  failures.remember(HERE, ONE, broken);
  expect([failures.find(HERE, ONE), failures.find(HERE, TWO)]).toEqual([broken, null]);
});

test("what upstream alone can have is asked for again at once, unless that very question was waited for in vain", () => {
  const { failures } = setUp();
  failures.remember(HERE, ONE, broken);
  expect(failures.findWaited(HERE, ONE)).toBeNull();
  failures.remember(HERE, ONE, slow);
  expect([failures.findWaited(HERE, ONE), failures.findWaited(HERE, TWO)]).toEqual([slow, null]);
});

test("a registry that answers none of several questions is silent, for all, until it answers anything", () => {
  const { clock, failures } = setUp();
  const [three, four] = ["registry.test/app:3", "registry.test/app:4"];
  for (const name of [ONE, ONE, ONE, TWO, TWO]) failures.remember(HERE, name, slow);
  expect([failures.isSlow(HERE), failures.isSilent(HERE), failures.findWaited(HERE, four)]).toEqual([
    true,
    false,
    null,
  ]);
  failures.remember(HERE, three, slow);
  expect([failures.isSilent(HERE), failures.findWaited(HERE, four)]).toEqual([true, slow]);
  expect(failures.isSilent(ELSEWHERE)).toBe(false);
  clock.nowMs = 15_000;
  // It is asked again now and then, and still not waited for as a registry is that answers.
  expect([failures.isSilent(HERE), failures.findWaited(HERE, four)]).toEqual([true, null]);
  failures.remember(HERE, four, slow);
  expect(failures.findWaited(HERE, TWO)).toBe(slow);
  failures.remember(HERE, TWO, broken);
  expect([failures.isSlow(HERE), failures.isSilent(HERE)]).toEqual([false, false]);
  expect(failures.findWaited(HERE, "registry.test/app:5")).toBeNull();
});

test("a registry that cannot be reached is left to its client, which knows when it is back", () => {
  const { failures } = setUp();
  for (const reason of ["silent", "refused", "name"] as const) {
    failures.remember(HERE, ONE, new UpstreamError({ kind: "unreachable", reason }, reason));
    expect(failures.find(HERE, ONE)).toBeNull();
  }
});

test("the log is told once a minute of each kind of failure of a registry", () => {
  const { clock, lines, failures } = setUp();
  for (const name of [ONE, TWO, ONE]) failures.note(HERE, name, broken, "the client is told so");
  failures.note(HERE, ONE, slow, "the client is told so");
  failures.note(ELSEWHERE, "other.test/app:1", broken, "the client is told so");
  expect(lines.length).toBe(3);
  expect(lines[0]).toContain("warning upstream failed; the client is told so image=registry.test/app:1 error=500");
  clock.nowMs = 60_000;
  failures.note(HERE, TWO, broken, "the client is told so");
  expect(lines.length).toBe(4);
});
