import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { Log } from "../../telemetry/log.ts";
import { isAnswer, isOutOfReach, type UpstreamError } from "../../upstream/transport/upstream-error.ts";

/** How long a failure is held against another try. */
const FAILURE_MS = 15_000;
/** A registry that fails is told of so often for each kind of failure, however many ask. */
const TOLD_MS = 60_000;
const REMEMBERED = 10_000;
/** A registry that has let so many questions wait in vain, and answered none meanwhile, is silent. */
const SILENT_AFTER = 3;

/**
 * Remembers recent failures of upstream registries: by the full name, with the tag or digest, that was asked for, and
 * for a whole registry when it leaves questions unanswered. A registry that cannot be reached at all is not remembered
 * here: its client fails at once, and knows when it is back.
 */
export class RecentFailures {
  readonly #log: Log;
  readonly #byName: ExpiringMap<string, UpstreamError>;
  readonly #told: ExpiringMap<string, true>;
  /** The questions that a registry has let wait since it answered last, as many as count. */
  readonly #waited = new Map<Namespace, Set<string>>();

  constructor(log: Log, elapsed: () => number) {
    this.#log = log;
    this.#byName = new ExpiringMap(FAILURE_MS, REMEMBERED, elapsed);
    this.#told = new ExpiringMap(TOLD_MS, REMEMBERED, elapsed);
  }

  /** What stands against asking for `name` when there is another answer, or little hope; null when nothing does. */
  find(namespace: Namespace, name: string): UpstreamError | null {
    return this.#byName.get(namespace) ?? this.#byName.get(name);
  }

  /**
   * What stands against asking for `name` when upstream alone can have it: that the very question was waited for in vain a
   * short while ago, or so many others were.
   */
  findWaited(namespace: Namespace, name: string): UpstreamError | null {
    if (this.isSilent(namespace)) return this.find(namespace, name);
    const error = this.#byName.get(name);
    return error?.failure.kind === "timeout" ? error : null;
  }

  /** Has the registry let a question wait in vain, and answered none since? */
  isSlow(namespace: Namespace): boolean {
    return this.#waited.has(namespace);
  }

  /** Has it done so with several? */
  isSilent(namespace: Namespace): boolean {
    return (this.#waited.get(namespace)?.size ?? 0) >= SILENT_AFTER;
  }

  /** As `remember`, and tells the log; `outcome` says what became of the question. */
  note(namespace: Namespace, name: string, error: UpstreamError, outcome: string, saysOfOthers = true): void {
    this.remember(namespace, name, error, saysOfOthers);
    const { kind } = error.failure;
    const topic = `${namespace} ${kind} ${outcome}`;
    if (this.#told.get(topic)) return;
    this.#told.set(topic, true);
    this.#log.write("warning", `upstream failed; ${outcome}`, { image: name, error: error.message });
  }

  /** `saysOfOthers`: does it speak against asking that registry for other names, if nothing came at all? */
  remember(namespace: Namespace, name: string, error: UpstreamError, saysOfOthers = true): void {
    if (isAnswer(error)) this.#noteAnswer(namespace);
    if (isOutOfReach(error)) return;
    this.#byName.set(name, error);
    if (error.failure.kind !== "timeout" || error.failure.waiting !== "header" || !saysOfOthers) return;
    this.#byName.set(namespace, error);
    const waited = this.#waited.get(namespace) ?? new Set();
    if (waited.size < SILENT_AFTER) this.#waited.set(namespace, waited.add(name));
  }

  /** The registry has answered for the name. */
  forget(namespace: Namespace, name: string): void {
    this.#noteAnswer(namespace);
    this.#byName.delete(name);
  }

  /** Gives every registry another chance: they may answer elsewhere now. */
  forgetAll(): void {
    this.#byName.clear();
    this.#told.clear();
    this.#waited.clear();
  }

  #noteAnswer(namespace: Namespace): void {
    this.#byName.delete(namespace);
    this.#waited.delete(namespace);
  }
}
