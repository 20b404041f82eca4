import { X509Certificate } from "node:crypto";
import * as v from "valibot";
import { isBundleType, NOTATION_COSE, NOTATION_JWS, SIMPLE_SIGNING } from "./attachment-layers.ts";
import { readCoseEnvelope } from "./cose-envelope.ts";
import { readJwsEnvelope } from "./jws-envelope.ts";
import { parseJson } from "./parse-json.ts";
import { SignatureRejected } from "./signature.ts";

/** What a signature or an attestation says, and by whom, undone from its envelope. Nothing of it has been verified. */
export type Statement = {
  readonly form: "simple" | "bundle" | "envelope" | "notation" | "statement" | "other";
  readonly payloadType: string | null;
  /** What is signed; null where there is only a signature. */
  readonly payload: Uint8Array | null;
  /** DER, the signer's first; none where a key signed. */
  readonly certificates: readonly Uint8Array[];
  /** When a transparency log took it, in milliseconds since 1970; null: it does not say. */
  readonly loggedAtMs: number | null;
};

const PREFIX = "dev.sigstore.cosign";
/** More than any chain has. */
const CERTIFICATES_LIMIT = 10;

const envelope = v.looseObject({ payload: v.string(), payloadType: v.string() });
const raw = v.looseObject({ rawBytes: v.string() });
const bundle = v.looseObject({
  dsseEnvelope: v.optional(envelope),
  verificationMaterial: v.looseObject({
    certificate: v.optional(raw),
    x509CertificateChain: v.optional(v.looseObject({ certificates: v.array(raw) })),
    tlogEntries: v.optional(v.array(v.looseObject({ integratedTime: v.optional(v.union([v.string(), v.number()])) }))),
  }),
});
const logEntry = v.looseObject({ Payload: v.looseObject({ integratedTime: v.number() }) });

/** Reads a layer of a signature or an attestation. Throws `SignatureRejected` for one that is not what its type says. */
export function readStatement(
  mediaType: string,
  bytes: Uint8Array,
  annotations: Readonly<Record<string, string>>,
): Statement {
  if (isBundleType(mediaType)) return readBundle(bytes);
  if (mediaType === NOTATION_JWS || mediaType === NOTATION_COSE) {
    const { payload, contentType, certificates } =
      mediaType === NOTATION_COSE ? readCoseEnvelope(bytes) : readJwsEnvelope(bytes);
    return { form: "notation", payloadType: contentType, payload, certificates, loggedAtMs: null };
  }
  const byAnnotations = {
    certificates: pemIn([annotations[`${PREFIX}/certificate`], annotations[`${PREFIX}/chain`]]),
    loggedAtMs: loggedAt(annotations[`${PREFIX}/bundle`]),
  };
  if (mediaType === SIMPLE_SIGNING) {
    return { form: "simple", payloadType: SIMPLE_SIGNING, payload: bytes, ...byAnnotations };
  }
  if (mediaType.startsWith("application/vnd.dsse.envelope")) {
    const { payload, payloadType } = parseJson(bytes, envelope, "its envelope");
    return { form: "envelope", payloadType, payload: Buffer.from(payload, "base64"), ...byAnnotations };
  }
  const form = mediaType.startsWith("application/vnd.in-toto") ? "statement" : "other";
  return { form, payloadType: mediaType, payload: bytes, ...byAnnotations };
}

function readBundle(bytes: Uint8Array): Statement {
  const { dsseEnvelope, verificationMaterial } = parseJson(bytes, bundle, "its bundle");
  const { certificate, x509CertificateChain, tlogEntries } = verificationMaterial;
  const chain = certificate === undefined ? (x509CertificateChain?.certificates ?? []) : [certificate];
  const seconds = Number(tlogEntries?.[0]?.integratedTime ?? 0);
  return {
    form: "bundle",
    payloadType: dsseEnvelope?.payloadType ?? null,
    payload: dsseEnvelope === undefined ? null : Buffer.from(dsseEnvelope.payload, "base64"),
    certificates: chain.slice(0, CERTIFICATES_LIMIT).map(({ rawBytes }) => Buffer.from(rawBytes, "base64")),
    loggedAtMs: Number.isSafeInteger(seconds) && seconds > 0 ? seconds * 1000 : null,
  };
}

function pemIn(texts: readonly (string | undefined)[]): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const text of texts) {
    for (const [pem] of (text ?? "").matchAll(/-----BEGIN CERTIFICATE-----[^-]{1,65536}-----END CERTIFICATE-----/g)) {
      if (found.length >= CERTIFICATES_LIMIT) return found;
      try {
        found.push(new X509Certificate(pem).raw);
      } catch {
        // Somebody's annotation that is no certificate: there is none to be shown.
      }
    }
  }
  return found;
}

function loggedAt(entry: string | undefined): number | null {
  if (entry === undefined) return null;
  try {
    return parseJson(Buffer.from(entry), logEntry, "its entry of the log").Payload.integratedTime * 1000;
  } catch (error) {
    if (error instanceof SignatureRejected) return null;
    throw error;
  }
}
