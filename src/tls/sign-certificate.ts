/**
 * Builds and signs X.509 certificates: an authority's own, and those of servers and clients.
 *
 * Loading the ASN.1 library costs about 40 ms, more than the rest of larder's start: import this file when a certificate
 * is to be made, not before.
 *
 * Source: RFC 5280, 4.1 and 4.2; RFC 7093, section 2, method 1 (key identifiers from SHA-256).
 */
import * as asn1js from "asn1js";
import ipaddr from "ipaddr.js";
import * as pkijs from "pkijs";
import type { NameConstraints } from "./name-constraints.ts";
import type { SubjectNames } from "./subject-names.ts";

/** Both ends of a certificate's life; fractions of a second are dropped. */
export type Validity = { readonly notBefore: Date; readonly notAfter: Date };

const OID = {
  commonName: "2.5.4.3",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAlternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuthentication: "1.3.6.1.5.5.7.3.1",
  clientAuthentication: "1.3.6.1.5.5.7.3.2",
} as const;

/** Choices of GeneralName (RFC 5280, 4.2.1.6). */
const DNS_NAME = 2;
const IP_ADDRESS = 7;

/** Bits of KeyUsage, the first bit being the highest (RFC 5280, 4.2.1.3). */
const DIGITAL_SIGNATURE = 0x80;
const SIGN_CERTIFICATES_AND_REVOCATION_LISTS = 0x06;

/** The DER of a self-signed authority certificate that may sign server certificates and no further authorities. */
export async function signAuthorityCertificate(
  keys: CryptoKeyPair,
  validity: Validity,
  constraints: NameConstraints | null,
): Promise<Uint8Array> {
  const keyIdentifier = await identifyKey(keys.publicKey);
  // The key's identifier keeps the names of two authorities apart in one trust store.
  const name = distinguishedName(`larder authority ${Buffer.from(keyIdentifier).toString("hex", 0, 4)}`);
  const certificate = await draft(name, name, validity, keys.publicKey);
  certificate.extensions = [
    extension(OID.basicConstraints, true, new pkijs.BasicConstraints({ cA: true, pathLenConstraint: 0 }).toSchema()),
    extension(OID.keyUsage, true, keyUsage(SIGN_CERTIFICATES_AND_REVOCATION_LISTS, 1)),
    extension(OID.subjectKeyIdentifier, false, new asn1js.OctetString({ valueHex: keyIdentifier })),
  ];
  if (constraints !== null) {
    certificate.extensions.push(extension(OID.nameConstraints, true, encodeConstraints(constraints)));
  }
  return sign(certificate, keys.privateKey);
}

/** What an authority signs with. */
export type Signer = { readonly certificateDer: Uint8Array; readonly key: CryptoKey };

/** The DER of a server's certificate for `publicKey`. */
export async function signServerCertificate(
  signer: Signer,
  publicKey: CryptoKey,
  validity: Validity,
  subjects: SubjectNames,
): Promise<Uint8Array> {
  const names = [
    ...subjects.names.map((name) => new pkijs.GeneralName({ type: DNS_NAME, value: name })),
    ...subjects.addresses.map(addressName),
  ];
  const alternatives = extension(OID.subjectAlternativeName, false, new pkijs.GeneralNames({ names }).toSchema());
  // Not a host name: verifiers that fall back to the common name must find nothing there.
  const leaf = { commonName: "larder server", purpose: OID.serverAuthentication, extensions: [alternatives] };
  return signLeaf(signer, publicKey, validity, leaf);
}

/** The DER of a certificate for `publicKey` with which somebody of this name shows a server who they are. */
export async function signClientCertificate(
  signer: Signer,
  publicKey: CryptoKey,
  validity: Validity,
  commonName: string,
): Promise<Uint8Array> {
  return signLeaf(signer, publicKey, validity, { commonName, purpose: OID.clientAuthentication, extensions: [] });
}

/** Whose certificate it is, and what it is for. */
type Leaf = {
  readonly commonName: string;
  readonly purpose: string;
  readonly extensions: readonly pkijs.Extension[];
};

async function signLeaf(
  { certificateDer, key }: Signer,
  publicKey: CryptoKey,
  validity: Validity,
  { commonName, purpose, extensions }: Leaf,
): Promise<Uint8Array> {
  const authority = pkijs.Certificate.fromBER(certificateDer);
  const authorityIdentifier = await identifyKey(await authority.getPublicKey());
  const certificate = await draft(distinguishedName(commonName), authority.subject, validity, publicKey);
  const keyIdentifier = new asn1js.OctetString({ valueHex: authorityIdentifier });
  certificate.extensions = [
    extension(OID.basicConstraints, true, new pkijs.BasicConstraints({ cA: false }).toSchema()),
    extension(OID.keyUsage, true, keyUsage(DIGITAL_SIGNATURE, 7)),
    extension(OID.extendedKeyUsage, false, new pkijs.ExtKeyUsage({ keyPurposes: [purpose] }).toSchema()),
    ...extensions,
    extension(OID.authorityKeyIdentifier, false, new pkijs.AuthorityKeyIdentifier({ keyIdentifier }).toSchema()),
    extension(OID.subjectKeyIdentifier, false, new asn1js.OctetString({ valueHex: await identifyKey(publicKey) })),
  ];
  return sign(certificate, key);
}

/** The name constraints of the certificate `der`, or null when it has none. */
export function readNameConstraints(der: Uint8Array): NameConstraints | null {
  const found = pkijs.Certificate.fromBER(der).extensions?.find(({ extnID }) => extnID === OID.nameConstraints);
  if (found === undefined) return null;
  const permitted = (found.parsedValue as pkijs.NameConstraints).permittedSubtrees ?? [];
  return permitted.filter(({ base }) => base.type === DNS_NAME).map(({ base }) => String(base.value));
}

async function draft(
  subject: pkijs.RelativeDistinguishedNames,
  issuer: pkijs.RelativeDistinguishedNames,
  validity: Validity,
  publicKey: CryptoKey,
): Promise<pkijs.Certificate> {
  const serial = crypto.getRandomValues(new Uint8Array(16));
  // Positive and not zero, in the shortest form (RFC 5280, 4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const certificate = new pkijs.Certificate({
    version: 2,
    serialNumber: new asn1js.Integer({ valueHex: serial.buffer }),
    subject,
    issuer,
    notBefore: new pkijs.Time({ value: validity.notBefore }),
    notAfter: new pkijs.Time({ value: validity.notAfter }),
  });
  await certificate.subjectPublicKeyInfo.importKey(publicKey);
  return certificate;
}

async function sign(certificate: pkijs.Certificate, key: CryptoKey): Promise<Uint8Array> {
  await certificate.sign(key, "SHA-256");
  return new Uint8Array(certificate.toSchema().toBER(false));
}

function distinguishedName(commonName: string): pkijs.RelativeDistinguishedNames {
  const value = new asn1js.Utf8String({ value: commonName });
  return new pkijs.RelativeDistinguishedNames({
    typesAndValues: [new pkijs.AttributeTypeAndValue({ type: OID.commonName, value })],
  });
}

function extension(extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension {
  return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

function keyUsage(bits: number, unusedBits: number): asn1js.BitString {
  return new asn1js.BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits });
}

async function identifyKey(publicKey: CryptoKey): Promise<ArrayBuffer> {
  const info = new pkijs.PublicKeyInfo();
  await info.importKey(publicKey);
  const bits = info.subjectPublicKey.valueBlock.valueHexView;
  return (await crypto.subtle.digest("SHA-256", new Uint8Array(bits))).slice(0, 20);
}

function addressName(address: string): pkijs.GeneralName {
  const value = new asn1js.OctetString({ valueHex: new Uint8Array(ipaddr.parse(address).toByteArray()).buffer });
  return new pkijs.GeneralName({ type: IP_ADDRESS, value });
}

/** Kinds of names without any constraint, such as addresses, are not limited. */
function encodeConstraints(constraints: NameConstraints): asn1js.BaseBlock {
  const permittedSubtrees = constraints.map(
    (name) => new pkijs.GeneralSubtree({ base: new pkijs.GeneralName({ type: DNS_NAME, value: name }) }),
  );
  return new pkijs.NameConstraints({ permittedSubtrees }).toSchema();
}
