import type { Turns, Work } from "../../lib/async/turns.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type EventCause, NO_CAUSE } from "../../storage/events.ts";
import type { LeftBehindAges, LeftBehindStore } from "../../storage/left-behind.ts";
import { type Leases, underLease } from "../../storage/leases.ts";
import type { LocatedTag, TagIndex, TagPlace, TagStore } from "../../storage/metadata.ts";
import type { SettingsStore } from "../../storage/settings.ts";
import type { Holds } from "../holds/holds.ts";
import { type Judgement, judgeTags } from "./judge-tags.ts";
import { observe } from "./observed-time.ts";
import { fingerprintOf, type CompiledRule } from "./retention-rule.ts";
import { KeptState, type RetentionState } from "./retention-state.ts";

/** What the settings say of what goes by itself. */
export type RetentionLimits = {
  readonly ages: LeftBehindAges;
  readonly rules: readonly CompiledRule[];
  /** For how long rules that were changed only say what they would take. */
  readonly waitMs: number;
};

/** What retention works on. */
export type RetentionParts = {
  readonly tags: TagStore;
  readonly tagIndex: TagIndex;
  readonly leftBehind: LeftBehindStore;
  readonly settings: SettingsStore;
  readonly leases: Leases;
  readonly holds: Holds;
  /** Writes down the pulls that are only in memory. */
  readonly settlePulls: () => Promise<void>;
  readonly limits: () => RetentionLimits;
  readonly turns: Turns;
  readonly now: () => number;
};

/** What a run took. `notice` is what the log should say besides; null: nothing. */
export type RetentionReport = {
  readonly manifests: number;
  readonly tags: number;
  readonly notice: string | null;
};

/** What became of a tag that a rule is about: `changed` was removed or moved since it was judged, and is let be. */
export type Outcome = "stays" | "removed" | "changed";

/** How many tags went, and how many that rules are about stayed. */
type Applied = { readonly gone: number; readonly stayed: number };
type Tell = (judgement: Judgement, outcome: Outcome) => void;

/** So often the rules are applied. */
const APPLY_EVERY_MS = 3_600_000;
const PAGE = 1000;

/** Takes what goes by itself: manifests that a tag left behind, when their age has come, and pushed tags, as the rules say. */
export class Retention {
  readonly #parts: RetentionParts;
  readonly #state: KeptState;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    this.#state = new KeptState(parts.settings);
  }

  /** To be called with each collection, before it looks for what nothing needs. */
  async keepHouse(): Promise<RetentionReport> {
    const { leftBehind, settlePulls, holds, limits, now } = this.#parts;
    const state = await this.#look();
    const doubt = doubtOf(state);
    if (doubt !== null) return { manifests: 0, tags: 0, notice: doubt };
    await settlePulls();
    const { manifests } = await leftBehind.removeLeftBehind(limits().ages, now(), (repository, digest) => {
      return holds.reasonFor(repository, null, digest) !== null;
    });
    const { tags, notice } = await this.#applyIfDue(state);
    return { manifests, tags, notice };
  }

  /** What the rules say of each pushed tag that one of them matches, repository by repository. Ends with the signal. */
  async *judge(signal: AbortSignal | null): AsyncGenerator<Judgement> {
    await this.#parts.settlePulls();
    for await (const judgements of this.#judgeRepositories(this.#parts.turns.begin(signal))) yield* judgements;
  }

  /**
   * Applies the rules now, however lately they were changed, and tells of each tag that they are about. Throws UNAVAILABLE while the
   * clock is doubted, or somebody else applies them.
   */
  async apply(cause: EventCause, signal: AbortSignal | null, tell: Tell): Promise<Applied> {
    const doubt = doubtOf(await this.#look());
    if (doubt !== null) throw new RegistryError("UNAVAILABLE", doubt);
    await this.#parts.settlePulls();
    const done = await underLease(this.#parts.leases, "retention", () => this.#apply(cause, signal, tell));
    if (done === null) throw new RegistryError("UNAVAILABLE", "the retention rules are just being applied");
    return done.value;
  }

  /** When the rules begin to take something by themselves; null: they do, or there are none. Why not, while the clock is doubted. */
  async outlook(): Promise<{ readonly rules: number; readonly fromMs: number | null; readonly doubt: string | null }> {
    const { limits, now } = this.#parts;
    const state = await this.#look();
    const fromMs = state.rulesSinceMs + limits().waitMs;
    const isWaiting = limits().rules.length > 0 && fromMs > now();
    return { rules: limits().rules.length, fromMs: isWaiting ? fromMs : null, doubt: doubtOf(state) };
  }

  /** Looks at the clock and at the rules, and notes what it sees. */
  async #look(): Promise<RetentionState> {
    const { limits, now } = this.#parts;
    const { rules } = limits();
    const before = await this.#state.read();
    const fingerprint = rules.length === 0 ? null : fingerprintOf(rules);
    const isNew = fingerprint !== before.fingerprint || before.rulesSinceMs > now();
    const rulesSinceMs = isNew ? now() : before.rulesSinceMs;
    const state = { ...before, time: observe(before.time, now()), fingerprint, rulesSinceMs };
    await this.#state.write(state);
    return state;
  }

  async #applyIfDue(state: RetentionState): Promise<{ readonly tags: number; readonly notice: string | null }> {
    const { limits, leases, now } = this.#parts;
    const { rules, waitMs } = limits();
    const sinceMs = now() - state.appliedAtMs;
    if (rules.length === 0) return { tags: 0, notice: null };
    const fromMs = state.rulesSinceMs + waitMs;
    if (fromMs > now()) {
      return { tags: 0, notice: `the retention rules are new: ${whatTheyDo(fromMs)}` };
    }
    if (sinceMs >= 0 && sinceMs < APPLY_EVERY_MS && state.appliedAtMs >= fromMs) return { tags: 0, notice: null };
    const done = await underLease(leases, "retention", () => this.#apply(NO_CAUSE, null, () => {}));
    if (done !== null) await this.#state.write({ ...(await this.#state.read()), appliedAtMs: now() });
    return { tags: done?.value.gone ?? 0, notice: null };
  }

  async #apply(cause: EventCause, signal: AbortSignal | null, tell: Tell): Promise<Applied> {
    let [gone, stayed] = [0, 0];
    for await (const judgements of this.#judgeRepositories(this.#parts.turns.begin(signal))) {
      for (const judgement of judgements) {
        const outcome = judgement.goes ? await this.#remove(judgement.tag, cause) : "stays";
        if (outcome === "removed") gone++;
        else stayed++;
        tell(judgement, outcome);
      }
    }
    return { gone, stayed };
  }

  async #remove({ repository, tag, kind, digest, updatedAtMs }: LocatedTag, cause: EventCause): Promise<Outcome> {
    const only = { kind, digest, updatedAtMs, event: "expired" } as const;
    const removed = await this.#parts.tags.deleteTag(repository, tag, true, this.#parts.now(), cause, only);
    return removed === null ? "changed" : "removed";
  }

  async *#judgeRepositories(work: Work): AsyncGenerator<readonly Judgement[]> {
    const { limits, now } = this.#parts;
    const { rules } = limits();
    if (rules.length === 0) return;
    for await (const tags of this.#repositories(work)) {
      const judgements = await work.finish(judgeTags(tags, rules, now(), (tag) => this.#protectionOf(tag)));
      yield await this.#withHeldParts(judgements);
    }
  }

  /** Pushed tags, a repository at a time. */
  async *#repositories(work: Work): AsyncGenerator<readonly LocatedTag[]> {
    const { tagIndex } = this.#parts;
    const query = { namespace: null, text: "", kind: "pushed", order: { by: "name", descending: false } } as const;
    let tags: LocatedTag[] = [];
    for (let after: TagPlace | null = null; ; ) {
      const page = await tagIndex.findTags({ ...query, after, limit: PAGE });
      for (const tag of page.tags) {
        if (tags.length > 0 && tags[0]?.repository !== tag.repository) {
          yield tags;
          tags = [];
        }
        tags.push(tag);
      }
      if (page.next === null) break;
      after = page.next;
      await work.nextTurn();
    }
    if (tags.length > 0) yield tags;
  }

  #protectionOf({ repository, tag, digest }: LocatedTag): string | null {
    const reason = this.#parts.holds.reasonFor(repository, tag, digest);
    return reason === null ? null : `it is kept by ${reason}`;
  }

  /** An image one of whose platforms is held stays with it. */
  async #withHeldParts(judgements: readonly Judgement[]): Promise<readonly Judgement[]> {
    const { leftBehind, holds } = this.#parts;
    const looked: Judgement[] = [];
    for (const judgement of judgements) {
      const { repository, digest } = judgement.tag;
      const parts = judgement.goes ? await leftBehind.listParts(repository, digest) : [];
      const reasons = parts.map((part) => holds.reasonFor(repository, null, part));
      const reason = reasons.find((one) => one !== null);
      looked.push(reason ? { ...judgement, goes: false, why: `a part of it is kept by ${reason}` } : judgement);
    }
    return looked;
  }
}

function whatTheyDo(fromMs: number): string {
  return `they take nothing before ${new Date(fromMs).toISOString()}; larder retention tells what they would take`;
}

function doubtOf({ time }: RetentionState): string | null {
  if (time === null || time.doubtMs === 0) return null;
  const until = new Date(time.seenAtMs + time.doubtMs).toISOString();
  return `the clock has made a jump, or larder did not run for more than a day: nothing goes for its age before ${until}`;
}
