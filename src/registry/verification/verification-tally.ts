import type { EventStore } from "../../storage/events.ts";
import type { Verdict } from "./blob-verifier.ts";

/** What verifications came to since the start. */
export type VerificationTotals = {
  readonly blobs: number;
  readonly bytes: number;
  readonly rotten: number;
  /** Blobs whose right bytes came again, whoever brought them. */
  readonly healed: number;
};

/** Counts what is verified, whoever asked for it. */
export class VerificationTally {
  #blobs = 0;
  #bytes = 0;
  #rotten = 0;
  #healed = 0;

  constructor(events: EventStore) {
    events.subscribe(({ kind }) => {
      if (kind === "healed") this.#healed++;
    });
  }

  get totals(): VerificationTotals {
    return { blobs: this.#blobs, bytes: this.#bytes, rotten: this.#rotten, healed: this.#healed };
  }

  read(bytes: number): void {
    this.#bytes += bytes;
  }

  judged({ kind }: Verdict): void {
    if (kind !== "absent") this.#blobs++;
    if (kind === "rotten") this.#rotten++;
  }
}
