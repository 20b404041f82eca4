import * as v from "valibot";
import { SignatureRejected } from "./signature.ts";

const ENTRIES_LIMIT = 8;
const HASHES_LIMIT = 64;

const entry = v.looseObject({
  inclusionProof: v.optional(
    v.looseObject({
      hashes: v.optional(v.pipe(v.array(v.string()), v.maxLength(HASHES_LIMIT))),
      checkpoint: v.optional(v.looseObject({ envelope: v.string() })),
    }),
  ),
});
const bounds = v.looseObject({
  verificationMaterial: v.looseObject({
    tlogEntries: v.optional(v.pipe(v.array(entry), v.maxLength(ENTRIES_LIMIT))),
    timestampVerificationData: v.optional(
      v.looseObject({ rfc3161Timestamps: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(ENTRIES_LIMIT))) }),
    ),
  }),
});

/** Logs are called as hosts and paths are. */
const LOG_NAME = /^[\w./:-]{1,200}$/;

/**
 * Checks what a library is to be spared of a stranger's bundle: more entries than anybody makes, and names of logs, which it
 * takes for regular expressions: one could keep it busy for hours. Throws `SignatureRejected`.
 */
export function checkBundleBounds(document: unknown): void {
  const result = v.safeParse(bounds, document);
  if (!result.success)
    throw new SignatureRejected("cannot be read: its bundle has more in it than any signature needs");
  for (const { inclusionProof } of result.output.verificationMaterial.tlogEntries ?? []) {
    const envelope = inclusionProof?.checkpoint?.envelope ?? "";
    for (const [, name = ""] of envelope.matchAll(/\u2014 (\S+)/g)) {
      if (!LOG_NAME.test(name)) throw new SignatureRejected("cannot be read: it names a log as no log is called");
    }
  }
}
