/**
 * Something that happened between larder and a server of another registry; for logs and metrics. `url` is without its
 * query, and nothing in an event holds a secret.
 */
export type UpstreamEvent =
  | {
      readonly kind: "response";
      readonly method: string;
      readonly url: string;
      readonly status: number;
      readonly elapsedMs: number;
      /** The id of the request that it was made for; null when it was made for none. */
      readonly requestId: string | null;
    }
  | {
      readonly kind: "failure";
      readonly method: string;
      readonly url: string;
      readonly error: Error;
      /** Will the same server be asked again? If not, the next one is, or the caller hears of it. */
      readonly retried: boolean;
      readonly requestId: string | null;
    }
  /** Nothing arrives at a server any more: nobody waits for it until it is back. */
  | { readonly kind: "away"; readonly host: string; readonly error: Error }
  /** It answers again, after so many milliseconds. */
  | { readonly kind: "back"; readonly host: string; readonly awayMs: number };
