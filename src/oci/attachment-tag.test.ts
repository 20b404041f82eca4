import { expect, test } from "bun:test";
import { fallbackTag, parseAttachmentTag } from "./attachment-tag.ts";
import { parseDigest } from "./digest.ts";

const digest = parseDigest(`sha256:${"a".repeat(64)}`);

test("fallback tags and cosign's tags tell what they are attached to, others do not", () => {
  expect(parseAttachmentTag(fallbackTag(digest))).toEqual({ subject: digest, isFallback: true });
  expect(parseAttachmentTag(`${fallbackTag(digest)}.sig`)).toEqual({ subject: digest, isFallback: false });
  expect(parseAttachmentTag(`${fallbackTag(digest)}.exe`)).toBeNull();
  expect(parseAttachmentTag("sha256-abc")).toBeNull();
  expect(parseAttachmentTag("latest")).toBeNull();
});

test("the fallback tag of a long digest is cut to what a tag may be", () => {
  const tag: string = fallbackTag(parseDigest(`sha512:${"b".repeat(128)}`));
  expect(tag).toBe(`sha512-${"b".repeat(64)}`);
});
