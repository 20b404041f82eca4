/**
 * Where a trace comes from and goes on: the headers `traceparent` and `tracestate`.
 *
 *     traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *                  version  trace                       parent's span    flags (1: sampled)
 *
 * Source: W3C, "Trace Context", Recommendation, sections 3.2 and 3.3.
 */

/** A span elsewhere that is the parent of one here. */
export type RemoteParent = {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** 16 hexadecimal digits, not all zero. */
  readonly spanId: string;
  readonly isSampled: boolean;
  /** What tracing systems on the way have to say to themselves; empty: nothing. */
  readonly state: string;
};

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{1,200})?$/;
const LONGEST_STATE = 512;
const MOST_MEMBERS = 32;
const MEMBER = /^[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The parent that a request names; null where it names none, or not by the rules. */
export function parseTraceParent(traceparent: string, tracestate: string | null): RemoteParent | null {
  const parts = TRACEPARENT.exec(traceparent.trim());
  if (parts === null) return null;
  const [, version = "", traceId = "", spanId = "", flags = "", rest] = parts;
  // Versions to come may add something; of this one that is all.
  if (version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1;
  return { traceId, spanId, isSampled, state: tracestate === null ? "" : readState(tracestate) };
}

/** What goes to others as `traceparent`, for a span that is sampled. */
export function formatTraceParent(traceId: string, spanId: string): string {
  return `00-${traceId}-${spanId}-01`;
}

/** All of it, or nothing where it is not by the rules: it is passed on as it came. */
function readState(text: string): string {
  if (text.length > LONGEST_STATE) return "";
  const members = text
    .split(",")
    .map((member) => member.trim())
    .filter((member) => member !== "");
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf("="))));
  const isGood = members.length <= MOST_MEMBERS && keys.size === members.length && members.every(isMember);
  return isGood ? members.join(",") : "";
}

function isMember(member: string): boolean {
  return MEMBER.test(member);
}
