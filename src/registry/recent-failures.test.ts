import { expect, test } from "bun:test";
import type { Namespace } from "../oci/repository-name.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { RecentFailures } from "./recent-failures.ts";

const [HERE, ELSEWHERE] = ["registry.test", "other.test"] as Namespace[] as [Namespace, Namespace];
const [ONE, TWO] = ["registry.test/app:1", "registry.test/app:2"];

test("a registry that does not answer is not asked for its other tags either, until it answers or time has passed", () => {
  let nowMs = 0;
  const failures = new RecentFailures(() => nowMs);
  const silent = new UpstreamError({ kind: "timeout", waiting: "header" }, "silent");
  failures.note(HERE, ONE, silent);
  expect([failures.find(HERE, ONE), failures.find(HERE, TWO)]).toEqual([silent, silent]);
  expect(failures.find(ELSEWHERE, "other.test/app:1")).toBeNull();
  failures.forget(HERE, TWO);
  expect(failures.find(HERE, ONE)).toBeNull();
  failures.note(HERE, ONE, silent);
  nowMs = 60_000;
  expect(failures.find(HERE, TWO)).toBeNull();
});

test("a registry that fails for one tag is asked for others", () => {
  const failures = new RecentFailures(() => 0);
  const failure = new UpstreamError({ kind: "server-error", status: 500 }, "500");
  failures.note(HERE, ONE, failure);
  expect([failures.find(HERE, ONE), failures.find(HERE, TWO)]).toEqual([failure, null]);
});
