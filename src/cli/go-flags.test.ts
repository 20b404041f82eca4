import { expect, test } from "bun:test";
import { readGoFlags } from "./go-flags.ts";

test("flags may have one dash or two, and switches a value", () => {
  const read = (text: string) => readGoFlags(text.split(" "), ["nosquash", "debug"]).join(" ");
  expect(read("-nosquash -image=a/b:1 FILE")).toBe("--nosquash --image=a/b:1 FILE");
  expect(read("--nosquash=true --image NAME ./-odd")).toBe("--nosquash --image NAME ./-odd");
  expect(read("-nosquash=false -debug=F -compression none -")).toBe("--compression none -");
  // Not a value of a switch: to be refused, not to be dropped.
  expect(read("-nosquash=often")).toBe("--nosquash=often");
  expect(read("-h docker://busybox")).toBe("-h docker://busybox");
});
