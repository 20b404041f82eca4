import { expect, test } from "bun:test";
import { operation } from "../../admin/operation.ts";
import * as v from "valibot";
import { auditEntryOf } from "./audit-operation.ts";

const ASKER = { who: "bob", from: "10.0.0.9", requestId: "r-1", mayPull: null } as never;
const details = { summary: "", answer: v.object({}) };
const entry = (made: object, input: object = {}) => auditEntryOf("runHousework", made as never, { ...input }, ASKER, 5);

test("what changes something for everybody is told of, by its name or its id", () => {
  const done = operation("POST", "/x", { ...details, action: "administer" });
  const told = { who: "bob", from: "10.0.0.9", requestId: "r-1", atMs: 5, subject: null, detail: null };
  expect(entry(done)).toEqual({ ...told, action: "run-housework" });
  expect(entry({ ...done, audited: "house-cleaned" })).toEqual({ ...told, action: "house-cleaned" });
});

test("what is named, and what was said in few words", () => {
  const done = operation("POST", "/x", { ...details, action: "administer" });
  const input = {
    image: "local/app:1",
    isForced: true,
    graceMs: 5,
    indexBase64: "x".repeat(300),
    list: ["a"],
    none: null,
  };
  expect(entry(done, input)).toMatchObject({ subject: "local/app:1", detail: "isForced=true graceMs=5" });
});

test("what only reads, what others may, and what tells of itself has no entry here", () => {
  expect(entry(operation("GET", "/x", { ...details, action: "administer" }))).toBeNull();
  expect(entry(operation("POST", "/x", { ...details, action: "pull" }))).toBeNull();
  expect(entry(operation("PUT", "/x", { ...details, action: "administer", audited: false }))).toBeNull();
  const done = operation("POST", "/x", { ...details, action: "administer" });
  expect(entry(done, { dryRun: true })).toBeNull();
  expect(entry(done, { dryRun: false })).not.toBeNull();
});
