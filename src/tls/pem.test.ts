import { expect, test } from "bun:test";
import fc from "fast-check";
import { encodePem, parsePemBlocks } from "./pem.ts";

test("what was printed is read back, in order, whatever stands between the blocks", () => {
  const block = fc.record({
    label: fc.constantFrom("CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY"),
    der: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 5 }), (blocks) => {
      const printed = blocks.map(({ label, der }) => ({ label, text: encodePem(label, der) }));
      const file = printed.map(({ text }) => `subject=CN = x -- y\n${text}`).join("\n# comment\n");
      expect(parsePemBlocks(file)).toEqual(printed);
    }),
  );
});

test("headers within a block, as old encrypted keys have them, belong to the block", () => {
  const key = "-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
  expect(parsePemBlocks(key)).toEqual([{ label: "RSA PRIVATE KEY", text: key }]);
});

test("a block without an end is none, and a megabyte of beginnings is read in no time", () => {
  expect(parsePemBlocks("-----BEGIN CERTIFICATE-----\nAAAA")).toEqual([]);
  const started = performance.now();
  expect(parsePemBlocks("-----BEGIN CERTIFICATE-----\n".repeat(40_000))).toEqual([]);
  expect(performance.now() - started).toBeLessThan(20_000);
});
