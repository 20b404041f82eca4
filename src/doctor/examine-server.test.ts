import { expect, test } from "bun:test";
import { examineClock, examineDisk, examineLarder, examineStore, examineUpstreams } from "./examine-server.ts";

const GIB = 2 ** 30;
const disk = { freeBytes: GIB, sizeBytes: 10 * GIB };

test("a disk is watched by its share and by what is left", () => {
  expect(examineDisk("x", { freeBytes: 5 * GIB, sizeBytes: 50 * GIB }).status).toBe("ok");
  expect(examineDisk("x", { freeBytes: 5 * GIB, sizeBytes: 500 * GIB }).status).toBe("warn");
  expect(examineDisk("x", { freeBytes: GIB / 2, sizeBytes: GIB }).status).toBe("warn");
  expect(examineDisk("x", { freeBytes: GIB / 10, sizeBytes: GIB / 9 })).toMatchObject({
    status: "warn",
    message: "x has 0.1 GiB free of 0.1 GiB",
  });
  expect(examineDisk("x", { freeBytes: GIB / 10, sizeBytes: GIB }).status).toBe("fail");
  expect(examineDisk("x", { freeBytes: 0, sizeBytes: 0 }).status).toBe("fail");
});

test("a store that may not be written to is a failure, with its own words", () => {
  expect(examineStore(null).status).toBe("ok");
  expect(examineStore("the database is damaged")).toMatchObject({ status: "fail", message: "the database is damaged" });
});

test("a clock is told which way it is wrong", () => {
  expect(examineClock(-30_000).status).toBe("ok");
  expect(examineClock(-90_000)).toMatchObject({ status: "warn", message: "this machine's is 90 s behind larder's" });
  expect(examineClock(40 * 24 * 3_600_000).status).toBe("fail");
});

test("an upstream that is not reached matters while larder is meant to reach it", () => {
  const upstreams = [
    { namespace: "docker.io", problem: null },
    { namespace: "quay.io", problem: "no route" },
  ];
  const seen = (offline: boolean, used: ReadonlySet<string> | null = null) =>
    examineUpstreams({ disk, storeProblem: null, offline, upstreams }, used).map(({ status }) => status);
  expect(seen(false)).toEqual(["ok", "fail"]);
  expect(seen(true)).toEqual(["ok"]);
  // Nobody here pulls from there.
  expect(seen(false, new Set(["docker.io"]))).toEqual(["ok", "warn"]);
});

test("upstreams that are not reached for one cause are one line", () => {
  const hosts = ["docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io"];
  const upstreams = hosts.map((namespace) => ({
    namespace,
    problem: `no address is known for "${namespace === "docker.io" ? "registry-1.docker.io" : namespace}"`,
  }));
  const [finding, ...others] = examineUpstreams({ disk, storeProblem: null, offline: false, upstreams }, null);
  expect(others).toEqual([]);
  expect(finding?.message).toStartWith("larder does not reach docker.io, quay.io, ghcr.io and 2 more, so that");
  const mixed = [...upstreams.slice(0, 2), { namespace: "a.corp", problem: "the connection was refused" }];
  expect(examineUpstreams({ disk, storeProblem: null, offline: false, upstreams: mixed }, null)).toHaveLength(2);
});

test("what is unsafe in the way to a registry is a warning each time", () => {
  const upstreams = [{ namespace: "quay.io", problem: null, cautions: ["the certificate of quay.io is NOT VERIFIED"] }];
  const findings = examineLarder({ disk, storeProblem: null, offline: false, upstreams }, null);
  expect(findings.filter(({ status }) => status === "warn").map(({ message }) => message)).toEqual([
    "the certificate of quay.io is NOT VERIFIED",
  ]);
});
