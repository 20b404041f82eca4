import { type Cbor, CborTag, readCbor, writeCborBytes, writeCborListHead, writeCborText } from "./cbor.ts";
import { CERTIFICATES_LIMIT, type NotationEnvelope } from "./notation-envelope.ts";
import { SignatureRejected } from "./signature.ts";

const COSE_SIGN1 = 18;
const EPOCH_TIME = 1;

/** Labels of headers. Source: RFC 9052, "Common COSE Headers Parameters"; RFC 9360 (x5chain). */
const LABEL = { algorithm: 1, critical: 2, contentType: 3, certificates: 33 } as const;

/** Source: RFC 9053, RFC 8230. */
const ALGORITHMS: ReadonlyMap<unknown, string> = new Map([
  [-37, "PS256"],
  [-38, "PS384"],
  [-39, "PS512"],
  [-7, "ES256"],
  [-35, "ES384"],
  [-36, "ES512"],
]);

/**
 * Reads an envelope in COSE_Sign1. Throws `SignatureRejected`.
 * Source: notaryproject specifications v1.1.0, signature-envelope-cose.md; RFC 9052.
 */
export function readCoseEnvelope(bytes: Uint8Array): NotationEnvelope {
  const outer = readCbor(bytes);
  if (!(outer instanceof CborTag) || outer.tag !== COSE_SIGN1 || !Array.isArray(outer.value)) throw unreadable();
  const [head, loose, payload, signature] = outer.value as readonly Cbor[];
  const isWhole = head instanceof Uint8Array && loose instanceof Map && payload instanceof Uint8Array;
  if (!isWhole || !(signature instanceof Uint8Array) || outer.value.length !== 4) throw unreadable();
  const said = readCbor(head);
  if (!(said instanceof Map)) throw unreadable();
  const critical = said.get(LABEL.critical) ?? [];
  if (!Array.isArray(critical)) throw unreadable();
  return {
    algorithm: ALGORITHMS.get(said.get(LABEL.algorithm)) ?? "an unknown algorithm",
    signed: Buffer.concat([
      writeCborListHead(4),
      writeCborText("Signature1"),
      writeCborBytes(head),
      writeCborBytes(new Uint8Array()),
      writeCborBytes(payload),
    ]),
    signature,
    payload,
    contentType: textOf(said.get(LABEL.contentType)),
    signingScheme: textOf(said.get("io.cncf.notary.signingScheme")),
    expiresAtMs: expiryOf(said.get("io.cncf.notary.expiry")),
    // The content type is a header of COSE's own, which everybody knows.
    critical: critical.filter((label) => label !== LABEL.contentType).map(String),
    certificates: certificatesOf(loose.get(LABEL.certificates)),
  };
}

function certificatesOf(value: Cbor | undefined): readonly Buffer[] {
  const list = (value instanceof Uint8Array ? [value] : value) as readonly Cbor[] | undefined;
  if (!Array.isArray(list) || list.length === 0 || list.length > CERTIFICATES_LIMIT) throw unreadable();
  return list.map((one: Cbor) => {
    if (!(one instanceof Uint8Array)) throw unreadable();
    return Buffer.from(one);
  });
}

function expiryOf(value: Cbor | undefined): number | null {
  if (value === undefined) return null;
  if (!(value instanceof CborTag) || value.tag !== EPOCH_TIME || typeof value.value !== "number") throw unreadable();
  return value.value * 1000;
}

function textOf(value: Cbor | undefined): string {
  if (typeof value !== "string") throw unreadable();
  return value;
}

function unreadable(): SignatureRejected {
  return new SignatureRejected("cannot be read: its envelope is not a COSE_Sign1 of the Notary project");
}
