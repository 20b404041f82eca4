import { expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { encodeHeaderBlock } from "../lib/tar/encode-header-block.ts";
import { beginsLikeDocument, DOCUMENT_HEAD_BYTES } from "./document-bytes.ts";

const text = (value: string) => Buffer.from(value);
const archive = (path: string) => {
  const times = { uid: 0, gid: 0, size: 0, modifiedSeconds: 0, deviceMajor: 0, deviceMinor: 0 };
  const names = { path, linkTarget: "", userName: "", groupName: "" };
  return Buffer.concat([encodeHeaderBlock({ ...times, ...names, mode: 0o644, typeFlag: "0" }), Buffer.alloc(1024)]);
};

test("JSON, XML, CBOR and text are documents, short and long", () => {
  for (const document of [
    "",
    "{}",
    ` \n{"a": "${"x".repeat(2000)}"}`,
    "<?xml version='1.0'?>",
    "SPDXVersion: SPDX-2.3",
  ]) {
    expect([document, beginsLikeDocument(text(document).subarray(0, DOCUMENT_HEAD_BYTES))]).toEqual([document, true]);
  }
  expect(beginsLikeDocument(Buffer.from([0xd2, 0x84, 0x58, 0x20, ...new Uint8Array(600)]))).toBe(true);
});

test("what an engine unpacks is none, whatever name its first file has", () => {
  const plain = archive('{"payloadType": "application/vnd.in-toto+json"}');
  const zstd = Bun.zstdCompressSync(plain);
  const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0x7b, ...zstd]);
  const bzip2 = Buffer.from("425a6839314159265359", "hex");
  const xz = Buffer.from("fd377a585a0000", "hex");
  for (const layer of [plain, gzipSync(plain), zstd, skippable, bzip2, xz, new Uint8Array(1024)]) {
    expect(beginsLikeDocument(layer.subarray(0, DOCUMENT_HEAD_BYTES))).toBe(false);
  }
});

test("no archive passes, wherever its bytes come from", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 90 }), fc.nat(0o777), (path, mode) => {
      const block = archive(path.replaceAll("\0", "")).subarray(0, DOCUMENT_HEAD_BYTES);
      block.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
      block.fill(" ", 148, 156);
      const sum = block.reduce((total, byte) => total + byte, 0);
      block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
      return !beginsLikeDocument(block);
    }),
  );
});
