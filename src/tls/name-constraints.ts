/**
 * The names that an authority may vouch for (RFC 5280, 4.2.1.10).
 *
 * A constrained authority in a node's trust store can stand for the listed hosts and those below them and for no others,
 * whoever gets hold of its key. The price: a host added later needs a new authority, trusted again on every node.
 *
 * Addresses are left out. BoringSSL, and with it Bun and larder's own commands, refuses every certificate for an address
 * whose authority has constraints on addresses ("unsupported name constraint type", Bun 1.4.5).
 */

/** Hosts, lower case, at least one. Each permits itself and all names below it. */
export type NameConstraints = readonly string[];

/** The first of `names` that `constraints` forbid, or null when they permit all. */
export function findForbidden(constraints: NameConstraints, names: readonly string[]): string | null {
  const isPermitted = (name: string) =>
    constraints.some((permitted) => name === permitted || name.endsWith(`.${permitted}`));
  return names.find((name) => !isPermitted(name)) ?? null;
}
