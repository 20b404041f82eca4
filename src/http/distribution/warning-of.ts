const LONGEST_REASON = 500;

/**
 * The `Warning` header of an answer that may be older than it should be. What upstream says of itself may hold anything; a
 * header takes only so much. Source: RFC 7234, section 5.5.1.
 */
export function warningOf(reason: string): string {
  const printable = reason.replaceAll(/[^\x20-\x7e]/g, "?").replaceAll(/["\\]/g, "'");
  return `110 larder "${printable.slice(0, LONGEST_REASON)}"`;
}
