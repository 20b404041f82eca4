import * as v from "valibot";
import { CERTIFICATES_LIMIT, type NotationEnvelope } from "./notation-envelope.ts";
import { decodeBase64, parseJson } from "./parse-json.ts";
import { SignatureRejected } from "./signature.ts";

const envelope = v.looseObject({
  payload: v.string(),
  protected: v.string(),
  signature: v.string(),
  header: v.looseObject({ x5c: v.pipe(v.array(v.string()), v.minLength(1), v.maxLength(CERTIFICATES_LIMIT)) }),
});
const headers = v.looseObject({
  alg: v.string(),
  cty: v.string(),
  crit: v.optional(v.array(v.string()), []),
  "io.cncf.notary.signingScheme": v.string(),
  "io.cncf.notary.expiry": v.optional(v.string()),
});

/**
 * Reads an envelope in JWS's flattened form. Throws `SignatureRejected`.
 * Source: notaryproject specifications v1.1.0, signature-envelope-jws.md.
 */
export function readJwsEnvelope(bytes: Uint8Array): NotationEnvelope {
  const { payload, protected: head, signature, header } = parseJson(bytes, envelope, "its envelope");
  const said = parseJson(decodeBase64Url(head), headers, "its envelope's header");
  return {
    algorithm: said.alg,
    signed: Buffer.from(`${head}.${payload}`),
    signature: decodeBase64Url(signature),
    payload: decodeBase64Url(payload),
    contentType: said.cty,
    signingScheme: said["io.cncf.notary.signingScheme"],
    expiresAtMs: expiryOf(said["io.cncf.notary.expiry"]),
    critical: said.crit,
    certificates: header.x5c.map((text) => decodeBase64(text, "a certificate")),
  };
}

function expiryOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) throw new SignatureRejected("cannot be read: its expiry is no time");
  return atMs;
}

function decodeBase64Url(text: string): Buffer {
  if (!/^[\w-]+$/.test(text)) throw new SignatureRejected("cannot be read: its envelope is not base64url");
  return Buffer.from(text, "base64url");
}
