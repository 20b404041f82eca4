import { beforeEach, describe, expect, test } from "bun:test";
import { Reachability } from "./reachability.ts";
import { UpstreamError, type UpstreamFailure } from "./transport/upstream-error.ts";
import type { UpstreamEvent } from "./upstream-event.ts";

const SILENT: UpstreamFailure = { kind: "unreachable", reason: "silent" };
const REFUSED: UpstreamFailure = { kind: "unreachable", reason: "refused" };

let nowMs: number;
let mayProbe: boolean;
let probes: number;
let outcome: UpstreamFailure | null;
let events: UpstreamEvent[];
let server: Reachability;
beforeEach(() => {
  [nowMs, mayProbe, probes, outcome, events] = [1_000_000, true, 0, SILENT, []];
  server = new Reachability({
    host: "registry.test",
    probe: async () => {
      probes += 1;
      if (outcome !== null) throw new UpstreamError(outcome, "nothing");
    },
    mayProbe: () => mayProbe,
    elapsed: () => nowMs,
    observe: (event) => events.push(event),
  });
});

const fail = (failure: UpstreamFailure): void => server.note(new UpstreamError(failure, "no connection"));
const isAway = (): boolean => {
  try {
    server.assertNotAway();
    return false;
  } catch {
    return true;
  }
};

describe("a server is away", () => {
  test("after one silence, when nothing has come from there lately", () => {
    fail(SILENT);
    expect(server.state).toBe("away");
    expect(() => server.assertNotAway()).toThrow("registry.test is not reachable: no connection; it is tried again");
    expect(events.map(({ kind }) => kind)).toEqual(["away"]);
  });

  test("after three in a row, when it has just answered or refuses", () => {
    server.note(null);
    for (const failure of [SILENT, REFUSED]) {
      fail(failure);
      expect(server.state).toBe("suspect");
      expect(isAway()).toBe(false);
    }
    fail(REFUSED);
    expect(server.state).toBe("away");
  });

  test("not after failures between which it answers, whatever it says", () => {
    const answers: readonly UpstreamFailure[] = [
      { kind: "server-error", status: 503 },
      { kind: "unauthorized", status: 401 },
      { kind: "rate-limited", retryAfterSeconds: null },
      { kind: "rejected", status: 404, codes: [] },
    ];
    for (const answer of answers) {
      fail(REFUSED);
      fail(REFUSED);
      fail(answer);
    }
    expect(server.state).toBe("reachable");
  });

  test("not because it is slow, breaks off, has a bad certificate, or leads to somebody who is", () => {
    for (let round = 0; round < 10; round++) {
      fail({ kind: "timeout", waiting: "header" });
      fail({ kind: "timeout", waiting: "body" });
      fail({ kind: "unreachable", reason: "connection" });
      fail({ kind: "unreachable", reason: "tls" });
      fail({ kind: "unreachable", reason: "silent", isElsewhere: true });
      fail({ kind: "busy" });
    }
    expect(server.state).toBe("reachable");
  });
});

describe("a server that is away", () => {
  beforeEach(() => fail(SILENT));

  test("is tried again for those who ask, none of whom waits, and not too often", async () => {
    for (let round = 0; round < 10; round++) expect(isAway()).toBe(true);
    expect(probes).toBe(0);
    nowMs += 2000;
    for (let round = 0; round < 10; round++) expect(isAway()).toBe(true);
    expect(probes).toBe(1);
    await Bun.sleep(0);
    expect(isAway()).toBe(true);
    expect(probes).toBe(1);
  });

  test("is back with the first answer, even one that says no", async () => {
    outcome = { kind: "unauthorized", status: 401 };
    nowMs += 2000;
    isAway();
    await Bun.sleep(0);
    expect(isAway()).toBe(false);
    expect(server.state).toBe("reachable");
    expect(events.at(-1)).toEqual({ kind: "back", host: "registry.test", awayMs: 2000 });
  });

  test("is back with the answer to a request that was on its way", () => {
    server.note(null);
    expect(isAway()).toBe(false);
  });

  test("is not contacted while that is forbidden", async () => {
    mayProbe = false;
    nowMs += 100_000;
    expect(isAway()).toBe(true);
    await Bun.sleep(0);
    expect(probes).toBe(0);
  });
});
