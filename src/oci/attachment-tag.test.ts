import { expect, test } from "bun:test";
import { COSIGN_SUFFIXES, parseAttachmentTag } from "./attachment-tag.ts";
import { parseDigest } from "./digest.ts";
import { referrersTag } from "./referrers-tag.ts";
import { parseTag } from "./tag.ts";

const SHA256 = parseDigest(`sha256:${"a".repeat(64)}`);
const SHA512 = parseDigest(`sha512:${"b".repeat(128)}`);

test("a referrers tag is the digest with a dash, cut to 64 digits, and with any suffix a tag", () => {
  expect(referrersTag(SHA256) as string).toBe(`sha256-${"a".repeat(64)}`);
  expect(referrersTag(SHA512) as string).toBe(`sha512-${"b".repeat(64)}`);
  for (const suffix of COSIGN_SUFFIXES) expect(parseTag(`${referrersTag(SHA512)}${suffix}`)).toBeTruthy();
});

test("referrers tags and cosign's tags tell what they are attached to, others do not", () => {
  const subjectTag = referrersTag(SHA256);
  expect(parseAttachmentTag(subjectTag)).toEqual({ subjectTag, subject: SHA256, isReferrersTag: true });
  expect(parseAttachmentTag(`${subjectTag}.sig`)).toEqual({ subjectTag, subject: SHA256, isReferrersTag: false });
  for (const other of [`${subjectTag}.exe`, `${subjectTag}0`, "sha256-abc", "latest"]) {
    expect(parseAttachmentTag(other)).toBeNull();
  }
});

test("of a long digest the tag knows only the beginning", () => {
  const subjectTag = referrersTag(SHA512);
  expect(parseAttachmentTag(subjectTag)).toEqual({ subjectTag, subject: null, isReferrersTag: true });
});
