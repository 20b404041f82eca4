import type { AskedScope } from "./challenge.ts";
import type { Exchange } from "./exchange.ts";

/** Answers the requests of one kind: a registry's API, pages for nodes, the state of health. */
export interface Pages {
  readonly name: string;
  /**
   * The answer; null when the request is for none of these. A fault is thrown, or the promise rejects with it: whoever
   * answers neither catches what it cannot mend nor tells the log.
   */
  answer(exchange: Exchange): Promise<Response> | Response | null;
  /** What a request asked for, for the challenge of an answer that wants to know who asks; without this, it is none of a registry's. */
  scopeOf?(exchange: Exchange): AskedScope;
  /** What a client of these pages is told of a fault; without this, what clients of registries are. */
  explain?(fault: unknown, exchange: Exchange): Response;
}
