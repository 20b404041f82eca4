import { ExpiringMap } from "../lib/expiring-map.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { UpstreamError } from "../upstream/upstream-error.ts";

/** How long after a failure a cached tag is served without another try: a dead upstream must not slow every pull. */
const FAILURE_MS = 15_000;
const REMEMBERED = 10_000;

/**
 * What went wrong a short while ago: with a registry that did not answer at all, whatever was asked of it; with one
 * that did, for the tag that was asked for.
 */
export class RecentFailures {
  readonly #byName: ExpiringMap<string, UpstreamError>;

  constructor(elapsed: () => number) {
    this.#byName = new ExpiringMap(FAILURE_MS, REMEMBERED, elapsed);
  }

  /** What stands against asking for `tag` (its full name) now; null when nothing does. */
  find(namespace: Namespace, tag: string): UpstreamError | null {
    return this.#byName.get(namespace) ?? this.#byName.get(tag);
  }

  note(namespace: Namespace, tag: string, error: UpstreamError): void {
    const { kind } = error.failure;
    this.#byName.set(kind === "unreachable" || kind === "timeout" ? namespace : tag, error);
  }

  /** The registry has answered for the tag. */
  forget(namespace: Namespace, tag: string): void {
    this.#byName.delete(namespace);
    this.#byName.delete(tag);
  }
}
