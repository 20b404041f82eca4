/**
 * The public keys with which an issuer signs.
 *
 * Source: RFC 7517 (JSON Web Key); OpenID Connect Discovery 1.0, section 3.
 */
import * as v from "valibot";

/** A public key, no more of it than what signatures are verified with. */
export type PublicKey = {
  readonly kty: "RSA" | "EC" | "OKP";
  readonly kid?: string;
  readonly alg?: string;
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
};

/** An issuer's public keys, and when it was asked for them, in milliseconds since 1970. */
export type KeySet = { readonly keys: readonly PublicKey[]; readonly fetchedAtMs: number };

/** More than any issuer has; they are stored, and a setting of the store is small. */
const MOST_KEYS = 32;

const value = v.pipe(v.string(), v.regex(/^[\w-]{1,1400}$/));
const publicKey = v.object({
  kty: v.picklist(["RSA", "EC", "OKP"]),
  kid: v.exactOptional(v.pipe(v.string(), v.maxLength(200))),
  alg: v.exactOptional(v.pipe(v.string(), v.maxLength(20))),
  use: v.exactOptional(v.string()),
  n: v.exactOptional(value),
  e: v.exactOptional(value),
  crv: v.exactOptional(v.pipe(v.string(), v.maxLength(20))),
  x: v.exactOptional(value),
  y: v.exactOptional(value),
});
const keyList = v.object({ keys: v.pipe(v.array(v.unknown()), v.maxLength(200)) });

/**
 * The public keys in a JSON Web Key Set. Those of other kinds, and those for encryption, are left out; so is all of a key but
 * what verifies signatures. Throws an Error that says what is wrong when there is none left.
 */
export function parseKeySet(json: unknown): readonly PublicKey[] {
  const list = v.safeParse(keyList, json);
  if (!list.success) throw new Error(`it is no JSON Web Key Set, {"keys": […]}`);
  const keys = list.output.keys.flatMap((key): PublicKey[] => {
    const parsed = v.safeParse(publicKey, key);
    if (!parsed.success) return [];
    const { use, ...rest } = parsed.output;
    return use === undefined || use === "sig" ? [rest] : [];
  });
  if (keys.length === 0) throw new Error("it holds no public key of the kinds RSA, EC and OKP");
  return keys.slice(0, MOST_KEYS);
}

const storedKeySet = v.object({ keys: v.array(publicKey), fetchedAtMs: v.number() });

/** A key set as it was stored; null for what is none. */
export function tryParseStoredKeySet(stored: unknown): KeySet | null {
  const parsed = v.safeParse(storedKeySet, stored);
  return parsed.success && parsed.output.keys.length > 0 ? parsed.output : null;
}
