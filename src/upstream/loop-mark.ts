/**
 * Every request that larder sends names the larders that it has been through: `Via: 1.1 larder-<instance id>`. A request
 * that comes back, because the machine's own name look-up is spoofed or two larders point at each other, is known by it.
 *
 * Source: RFC 9110, section 7.6.3.
 */

const MARK = /(?:^|[\s,])larder-([0-9a-f]{16,32})(?=[\s,]|$)/g;
const HEADER_LIMIT = 8 * 1024;
/** More larders in a row than anyone builds. */
const HOP_LIMIT = 8;

/** A name for this process that no other has. */
export function newInstanceId(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}

/** The `Via` to send: the larders that `incoming` (the `Via` of the client's request, if any) names, then this one. */
export function outgoingVia(instanceId: string, incoming: string | null): string {
  return [...larderHops(incoming), instanceId].map((id) => `1.1 larder-${id}`).join(", ");
}

/** Has a request with this `Via` been at this instance before, or at so many larders that it must be running in circles? */
export function isLoop(instanceId: string, incoming: string | null): boolean {
  if ((incoming?.length ?? 0) > HEADER_LIMIT) return true;
  const hops = larderHops(incoming);
  return hops.includes(instanceId) || hops.length >= HOP_LIMIT;
}

function larderHops(via: string | null): readonly string[] {
  if (via === null || via.length > HEADER_LIMIT) return [];
  return Array.from(via.matchAll(MARK), (match) => match[1] ?? "").slice(-HOP_LIMIT);
}
