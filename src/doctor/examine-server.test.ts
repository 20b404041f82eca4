import { expect, test } from "bun:test";
import { examineClock, examineDisk, examineStore, examineUpstreams } from "./examine-server.ts";

const GIB = 2 ** 30;
const disk = { freeBytes: GIB, sizeBytes: 10 * GIB };

test("a disk is watched by its share and by what is left", () => {
  expect(examineDisk("x", { freeBytes: 5 * GIB, sizeBytes: 50 * GIB }).status).toBe("ok");
  expect(examineDisk("x", { freeBytes: 5 * GIB, sizeBytes: 500 * GIB }).status).toBe("warn");
  expect(examineDisk("x", { freeBytes: GIB / 2, sizeBytes: GIB }).status).toBe("warn");
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
  expect(examineUpstreams({ disk, storeProblem: null, offline: false, upstreams }).map(({ status }) => status)).toEqual(
    ["ok", "fail"],
  );
  expect(
    examineUpstreams({ disk, storeProblem: null, offline: true, upstreams: [] }).map(({ status }) => status),
  ).toEqual(["ok"]);
});
