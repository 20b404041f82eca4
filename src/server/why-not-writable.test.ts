import { expect, test } from "bun:test";
import { whyNotWritable } from "./why-not-writable.ts";

const stranger = { user: 65532, group: 65532 };

test("on a machine the folder is named, with its owner", () => {
  expect(whyNotWritable("/usr", { ...stranger, isContainer: false })).toBe(
    "user 65532 may not write there, since it belongs to user 0; give it to that user (chown -R 65532:65532 /usr)",
  );
});

test("one that is not there is whose the folder above it is", () => {
  expect(whyNotWritable("/usr/none/such", { ...stranger, isContainer: false })).toContain("since it belongs to user 0");
});

test("one of one's own is not blamed on others: what is in it is somebody else's", () => {
  expect(whyNotWritable("/usr", { user: 0, group: 0, isContainer: false })).toBe(
    "user 0 may not write there; give it to that user (chown -R 0:0 /usr)",
  );
});

test("in a container the cure is one of the machine that it runs on, or another tag", () => {
  const said = whyNotWritable("/usr", { ...stranger, isContainer: true });
  expect(said).toContain(
    "on the machine, give the folder that is mounted there to that user (chown -R 65532:65532 FOLDER)",
  );
  expect(said).toContain("ends in -registry");
});
