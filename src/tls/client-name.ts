/** RFC 5280, appendix A: ub-common-name. Authorities of others issue longer ones, and their names are taken, up to a bound. */
const LONGEST_ISSUED = 64;
const LONGEST_TAKEN = 200;
const PLAIN = /^[^\p{C}\s](?:[^\p{C}]*[^\p{C}\s])?$/u;

/** May a certificate of larder's own authority have this name? */
export function isClientName(name: string): boolean {
  return name.length <= LONGEST_ISSUED && PLAIN.test(name);
}

/** Does somebody else's certificate have a name that can be told from others where it is shown? */
export function isPlainName(name: string): boolean {
  return name.length <= LONGEST_TAKEN && PLAIN.test(name);
}
