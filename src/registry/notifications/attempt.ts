/** What came of one attempt to deliver. */
export type Attempt =
  | { readonly kind: "taken" }
  | {
      readonly kind: "failed";
      /** In words, without secrets. */
      readonly failure: string;
      /**
       * - `refused`: this very body was not liked: another may be.
       * - `broken`: the endpoint answered that something is wrong with itself, be it because of this body.
       * - `away`: nobody took it for now, or the endpoint wants something of larder: another body would fare no better.
       */
      readonly why: "refused" | "broken" | "away";
      /** The endpoint asks to be left alone for so long; null: it does not say. */
      readonly retryAfterMs: number | null;
    };

/** Sends a message to an endpoint, once. */
export interface Deliverer {
  /** Never rejects. */
  deliver(message: { readonly contentType: string; readonly body: string }, signal: AbortSignal): Promise<Attempt>;
}
