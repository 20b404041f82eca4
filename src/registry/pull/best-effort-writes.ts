import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { WritesRefused } from "../../storage/storage-error.ts";
import type { Log } from "../../telemetry/log.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** The log tells of each kind of failure once in so long: on a full disk every pull meets it. */
const TELL_EVERY_MS = 60_000;
const KINDS = 100;

/**
 * Makes writes whose failure must not fail a pull: when the disk is full or the store may not be written, the failure is
 * logged and the pull is answered all the same.
 */
export class BestEffortWrites {
  readonly #log: Log;
  readonly #told: ExpiringMap<string, true>;

  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#told = new ExpiringMap(TELL_EVERY_MS, KINDS, now);
  }

  /** Tries a write. Null when it failed, which is logged; `what` says for the log what was not written. */
  async attempt<T>(what: string, write: () => Promise<T>): Promise<T | null> {
    try {
      return await write();
    } catch (error) {
      // A store that may not be written has been logged already.
      if (!(error instanceof WritesRefused) && this.#told.get(what) === null) {
        this.#told.set(what, true);
        const why = describeFailure(error);
        this.#log.write("warning", `${what} could not be written down; pulls go on`, { error: why });
      }
      return null;
    }
  }
}
