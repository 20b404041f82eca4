import { createHash, X509Certificate } from "node:crypto";
import * as v from "valibot";
import { parseJson } from "./parse-json.ts";
import { type Signature, SignatureRejected } from "./signature.ts";

const PREFIX = "dev.sigstore.cosign";

const rekorBundle = v.looseObject({
  SignedEntryTimestamp: v.string(),
  Payload: v.looseObject({
    body: v.string(),
    integratedTime: v.pipe(v.number(), v.safeInteger()),
    logIndex: v.pipe(v.number(), v.safeInteger()),
    logID: v.pipe(v.string(), v.regex(/^[0-9a-f]{2,128}$/)),
  }),
});
const timestamp = v.looseObject({ SignedRFC3161Timestamp: v.string() });
const entryBody = v.looseObject({ kind: v.string(), apiVersion: v.string() });

/**
 * A signature of cosign's older format with a certificate, as the document of the bundle that it would be today. Throws
 * `SignatureRejected` where something is missing or cannot be read.
 *
 * Source: cosign 2.6, SIGNATURE_SPEC.md: the annotations `certificate`, `bundle` (an entry of Rekor, with the log's promise)
 * and `rfc3161timestamp` of a layer.
 */
export function simpleAsBundle({ payload, annotations }: Extract<Signature, { kind: "simple" }>): unknown {
  const signature = annotations["dev.cosignproject.cosign/signature"] ?? "";
  const pem = annotations[`${PREFIX}/certificate`];
  if (pem === undefined) throw new SignatureRejected("is by a key, and not by an identity");
  const stamped = annotations[`${PREFIX}/rfc3161timestamp`];
  const entry = annotations[`${PREFIX}/bundle`];
  return {
    mediaType: "application/vnd.dev.sigstore.bundle+json;version=0.1",
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: certificateOf(pem) }] },
      tlogEntries: entry === undefined ? [] : [entryOf(entry)],
      timestampVerificationData: { rfc3161Timestamps: stamped === undefined ? [] : [timestampOf(stamped)] },
    },
    messageSignature: {
      messageDigest: { algorithm: "SHA2_256", digest: createHash("sha256").update(payload).digest("base64") },
      signature,
    },
  };
}

function certificateOf(pem: string): string {
  try {
    return new X509Certificate(pem).raw.toString("base64");
  } catch {
    throw new SignatureRejected("cannot be read: its certificate is none");
  }
}

function entryOf(text: string): unknown {
  const { SignedEntryTimestamp, Payload } = parseJson(Buffer.from(text), rekorBundle, "its entry of the log");
  const { kind, apiVersion } = parseJson(Buffer.from(Payload.body, "base64"), entryBody, "its entry of the log");
  return {
    logIndex: String(Payload.logIndex),
    logId: { keyId: Buffer.from(Payload.logID, "hex").toString("base64") },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(Payload.integratedTime),
    inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
    canonicalizedBody: Payload.body,
  };
}

function timestampOf(text: string): unknown {
  const { SignedRFC3161Timestamp } = parseJson(Buffer.from(text), timestamp, "its timestamp");
  return { signedTimestamp: SignedRFC3161Timestamp };
}
