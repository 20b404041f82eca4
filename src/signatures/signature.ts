import type { Digest } from "../oci/digest.ts";

/** What is signed. */
export type SignedImage = { readonly digest: Digest; readonly mediaType: string; readonly sizeBytes: number };

/**
 * One signature, as it lies in a registry. `manifest` is the one that it was found in.
 *
 * - `simple`: cosign's older format: a payload in JSON ("simple signing"), signed as it is; what else there is to it stands
 *   in annotations of the layer.
 * - `bundle`: sigstore's bundle: cosign's newer format.
 * - `notation`: an envelope of the Notary project: a JWS or a COSE_Sign1.
 */
export type Signature =
  | {
      readonly kind: "simple";
      readonly manifest: Digest;
      readonly payload: Uint8Array;
      readonly annotations: Readonly<Record<string, string>>;
    }
  | { readonly kind: "bundle"; readonly manifest: Digest; readonly bytes: Uint8Array }
  | {
      readonly kind: "notation";
      readonly manifest: Digest;
      readonly envelope: "jws" | "cose";
      readonly bytes: Uint8Array;
    };

/** Why a signature does not count: the rest of "a signature …" for people. Everything else that is thrown is a bug. */
export class SignatureRejected extends Error {
  override readonly name = "SignatureRejected";
}

/**
 * Somebody whose signatures count: who has one of some keys, or whom a certificate names. `name` is for messages: "the key
 * acme.pub".
 */
export interface Authority {
  readonly name: string;
  /** Of which kinds its signatures can be. */
  readonly kinds: readonly Signature["kind"][];
  /**
   * Returns when the signature is this authority's, and of this very image. Throws `SignatureRejected`, saying why not.
   * `atMs` is now.
   */
  verify(signature: Signature, image: SignedImage, atMs: number): Promise<void>;
}
