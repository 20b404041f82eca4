import type { Exchange } from "./exchange.ts";

/** Is told of every request, once: when its answer begins, and of one that larder streams when the stream ends. */
export interface RequestObserver {
  /** Will it ask for the client's address? That is to be had only while the client is there, and costs a little. */
  readonly asksForClient?: boolean;
  /** `exchange.record` says what it was about. Called between two requests: it must be quick, and wait for nothing. */
  answered(exchange: Exchange, status: number, tookMs: number): void;
}
