import { expect, test } from "bun:test";
import { BRINGING, noteLine } from "./bringing.ts";

test("what has come of an image is the sum over its blobs, each once", () => {
  const digest = "sha256:a";
  let now = noteLine(BRINGING, { kind: "resolved", digest, warning: "old" });
  now = noteLine(now, { kind: "blob", digest: "sha256:b", sizeBytes: 10, state: "present" });
  now = noteLine(now, { kind: "blob", digest, sizeBytes: 90, state: "fetching" });
  expect([now.doneBytes, now.wholeBytes, now.warning]).toEqual([10, 100, "old"]);
  now = noteLine(now, { kind: "progress", digest, doneBytes: 30, sizeBytes: 90 });
  expect(now.doneBytes).toBe(40);
  now = noteLine(now, { kind: "fetched", digest, sizeBytes: 90 });
  expect([now.doneBytes, now.wholeBytes, now.isDone]).toEqual([100, 100, false]);
  expect(noteLine(now, { kind: "done" }).isDone).toBe(true);
  expect(noteLine(now, { kind: "failed", code: "DENIED", message: "no" }).failure).toMatchObject({
    code: "DENIED",
    message: "no",
  });
});
