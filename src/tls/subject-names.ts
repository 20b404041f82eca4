/**
 * The names and addresses that a server certificate is made out to.
 *
 * Source: RFC 5280, 4.2.1.6 (subject alternative names), and RFC 1123, 2.1 (host names; the underscore is let through,
 * since nodes in the field have it).
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { quoteBriefly } from "../oci/digest.ts";
import { CertificateError } from "./certificate-source.ts";

/** Checked, in lower case, without repetitions, sorted. */
export type SubjectNames = {
  readonly names: readonly string[];
  readonly addresses: readonly string[];
};

/** More would not fit into the handshake of some clients (about 60 KB), and nobody needs it. */
const MAX_SUBJECTS = 1000;

const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const NAME = new RegExp(`^(?=.{1,253}$)(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/**
 * Checks and normalises. A name that is an address counts as an address; an address loses its zone (`%eth0`).
 * Throws a CertificateError that quotes the first wrong one.
 */
export function parseSubjectNames(names: readonly string[], addresses: readonly string[]): SubjectNames {
  const hosts = names.filter((name) => isIP(name) === 0).map(parseHostName);
  const numbers = [...addresses, ...names.filter((name) => isIP(name) !== 0)].map(parseAddress);
  const subjects = { names: [...new Set(hosts)].sort(), addresses: [...new Set(numbers)].sort() };
  const count = subjects.names.length + subjects.addresses.length;
  if (count === 0) throw new CertificateError("a server certificate needs at least one name or address");
  if (count > MAX_SUBJECTS) {
    throw new CertificateError(
      `a server certificate for ${count} names and addresses is too large for TLS clients; at most ${MAX_SUBJECTS} fit`,
    );
  }
  return subjects;
}

function parseHostName(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, "");
  if (NAME.test(name)) return name;
  throw new CertificateError(
    `${quoteBriefly(text)} cannot stand in a certificate: a host name is letters, digits, - and _ between dots, without a port; write international names as xn--…`,
  );
}

function parseAddress(text: string): string {
  const bare = text.replace(/%.*$/, "");
  if (isIP(bare) !== 0) return ipaddr.process(bare).toString();
  throw new CertificateError(`${quoteBriefly(text)} cannot stand in a certificate: it is not an IP address`);
}
