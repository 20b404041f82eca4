import type { Transport } from "./reply.ts";

/**
 * Where the answer to a message came from: `own` names, what was `remembered` of other servers, or one that was `asked`
 * just now. Or why there was none better: no server answered (`failed`), the client may not ask, or nobody is there to be
 * asked (`refused`), or it is no query that can be read (`malformed`).
 */
export type DnsOutcome = "own" | "remembered" | "asked" | "failed" | "refused" | "malformed";

/** Keeps count of DNS messages. Never of what clients ask. */
export interface DnsTally {
  count(transport: Transport, outcome: DnsOutcome): void;
}
