import type { Exchange } from "./exchange.ts";

/** Is told of every request, once: when its answer begins, and of one that larder streams when the stream ends. */
export interface RequestObserver {
  /** Will it ask for the client's address? That is to be had only while the client is there, and costs a little. */
  readonly asksForClient?: boolean;
  /** Told when a streamed answer begins; `answered` tells of its end. As quick as that. */
  streams?(exchange: Exchange, status: number): void;
  /** Told when the body of a request begins to be read; `answered` tells when it is over. As quick as that. */
  receives?(exchange: Exchange): void;
  /** `exchange.record` says what it was about. Called between two requests: it must be quick, and wait for nothing. */
  answered(exchange: Exchange, status: number, tookMs: number): void;
}
