/** What a token says of itself, before anything of it has been verified: enough to find whose it would be. */
import * as v from "valibot";

/** `keyId` null: it names none. */
export type UnverifiedToken = { readonly issuer: string; readonly keyId: string | null };

/** GitHub's have 2 KB, Kubernetes' 1 KB; those with many groups some more. What a client can put into a header is not much longer. */
const LONGEST_TOKEN = 12_000;
const SIGNED_TOKEN = /^ey[\w-]+\.ey[\w-]+\.[\w-]*$/;

const header = v.object({ kid: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(200)))) });
const payload = v.object({ iss: v.pipe(v.string(), v.maxLength(2048)) });

/** Null for what is no signed JSON Web Token with an issuer. */
export function tryReadToken(text: string): UnverifiedToken | null {
  if (text.length > LONGEST_TOKEN || !SIGNED_TOKEN.test(text)) return null;
  const [head = "", body = ""] = text.split(".");
  const [known, claims] = [v.safeParse(header, parsePart(head)), v.safeParse(payload, parsePart(body))];
  if (!known.success || !claims.success) return null;
  return { issuer: claims.output.iss, keyId: known.output.kid ?? null };
}

function parsePart(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  } catch {
    return null;
  }
}
