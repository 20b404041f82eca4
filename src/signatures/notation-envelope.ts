import type { Buffer } from "node:buffer";

/** An envelope of the Notary project, read: nothing of it has been verified. */
export type NotationEnvelope = {
  /** `PS256`, `ES384`, …: by their names in JOSE. */
  readonly algorithm: string;
  /** What the signature is made over, and the signature; ECDSA's as two numbers side by side. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly payload: Uint8Array;
  readonly contentType: string;
  readonly signingScheme: string;
  /** When the signer wants it to end, in milliseconds since 1970; null: never. */
  readonly expiresAtMs: number | null;
  /** Headers that whoever does not know them must refuse the signature for, by their names. */
  readonly critical: readonly string[];
  /** DER, the signer's own certificate first. */
  readonly certificates: readonly Buffer[];
};

/** More certificates than any chain has. */
export const CERTIFICATES_LIMIT = 10;
