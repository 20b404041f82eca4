import * as v from "valibot";
import { decodeBase64, parseJson } from "./parse-json.ts";
import { SignatureRejected } from "./signature.ts";

const bundle = v.looseObject({
  mediaType: v.string(),
  verificationMaterial: v.looseObject({}),
  dsseEnvelope: v.optional(
    v.looseObject({
      payload: v.string(),
      payloadType: v.string(),
      signatures: v.array(v.looseObject({ sig: v.string() })),
    }),
  ),
});

/** The envelope of a sigstore bundle, and the bundle's whole document. */
export type BundleEnvelope = {
  readonly document: unknown;
  readonly payload: Buffer;
  readonly payloadType: string;
  readonly signature: Buffer;
};

const STATEMENT = "application/vnd.in-toto+json";

/**
 * Reads a sigstore bundle with a DSSE envelope, which is what cosign makes for images. Throws `SignatureRejected`.
 * Source: sigstore protobuf-specs, sigstore_bundle.proto; in-toto, DSSE 1.0.
 */
export function readBundleEnvelope(bytes: Uint8Array): BundleEnvelope {
  const document = parseJson(bytes, bundle, "its bundle");
  const envelope = document.dsseEnvelope;
  if (envelope === undefined) throw new SignatureRejected("is not of an image: its bundle has no envelope");
  const [first, ...others] = envelope.signatures;
  if (first === undefined || others.length > 0) {
    throw new SignatureRejected(`has an envelope with ${envelope.signatures.length} signatures, and should have one`);
  }
  if (envelope.payloadType !== STATEMENT) throw new SignatureRejected("is of something that is no statement");
  const payload = decodeBase64(envelope.payload, "its envelope's payload");
  const signature = decodeBase64(first.sig, "its envelope's signature");
  return { document, payload, payloadType: envelope.payloadType, signature };
}

/** What the signature of an envelope is made over: DSSE's pre-authentication encoding. */
export function preAuthEncoding({ payload, payloadType }: BundleEnvelope): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
