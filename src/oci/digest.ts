/**
 * Digests name content by its hash: `algorithm:hex`.
 *
 * A `Digest` is a string that only `parseDigest`, `tryParseDigest` and `digestOf` make, so two of them can be
 * compared with `===` and one can be used in a path without another look.
 *
 * Source: image-spec v1.1.1, descriptor.md, "Digests". Registered algorithms: sha256 and sha512.
 */
import { RegistryError } from "./registry-error.ts";

declare const digestBrand: unique symbol;
/** `sha256:` and 64, or `sha512:` and 128, lower-case hexadecimal digits. */
export type Digest = string & { readonly [digestBrand]: true };

/** The algorithms that larder computes and accepts. */
export type DigestAlgorithm = "sha256" | "sha512";

const PATTERN = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The digest that `text` spells, or null when it is not one. */
export function tryParseDigest(text: string): Digest | null {
  return PATTERN.test(text) ? (text as Digest) : null;
}

/** The digest that `text` spells. Throws DIGEST_INVALID. */
export function parseDigest(text: string): Digest {
  const digest = tryParseDigest(text);
  if (digest === null) {
    throw new RegistryError(
      "DIGEST_INVALID",
      `the digest ${quoteBriefly(text)} is not valid: it must be sha256: and 64, or sha512: and 128, lower-case hexadecimal digits`,
    );
  }
  return digest;
}

/** Is this one of the algorithms that larder computes? */
export function isDigestAlgorithm(text: string): text is DigestAlgorithm {
  return text === "sha256" || text === "sha512";
}

/** The algorithm of a digest: the part before the colon. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha256:") ? "sha256" : "sha512";
}

/** The hexadecimal digits of a digest: the part after the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice(7);
}

/** The digest of `bytes`. */
export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return new Digester(algorithm).update(bytes).digest();
}

/** Computes the digest of content that arrives in pieces. */
export class Digester {
  readonly algorithm: DigestAlgorithm;
  readonly #hasher: Bun.CryptoHasher;

  constructor(algorithm: DigestAlgorithm) {
    this.algorithm = algorithm;
    this.#hasher = new Bun.CryptoHasher(algorithm);
  }

  /** Takes the next piece. */
  update(bytes: Uint8Array | string): this {
    this.#hasher.update(bytes);
    return this;
  }

  /** The digest of all pieces. The digester is spent afterwards. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hasher.digest("hex")}` as Digest;
  }
}

/** `text` in quotes, cut to a length that fits an error message. */
export function quoteBriefly(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}
