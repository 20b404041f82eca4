import { expect, test } from "bun:test";
import { underLease } from "./leases.ts";
import { leasesContract } from "./leases.contract.ts";
import { ProcessLeases } from "./process-leases.ts";

leasesContract("leases of one process", () => {
  let nowMs = 0;
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { leases: new ProcessLeases(() => nowMs), pass };
});

test("work that is done under a lease keeps others out until it ends, well or not", async () => {
  const leases = new ProcessLeases(() => 0);
  const gate = Promise.withResolvers<string>();
  const first = underLease(leases, "a", () => gate.promise);
  expect(await underLease(leases, "a", async () => "second")).toBeNull();
  gate.resolve("first");
  expect(await first).toEqual({ value: "first" });
  await expect(underLease(leases, "a", () => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
  expect(await underLease(leases, "a", async () => null)).toEqual({ value: null });
});
