import type { JsonValue, SettingsStore } from "../../storage/settings.ts";
import { isUnkeepable } from "../../storage/storage-error.ts";
import type { ObservedTime } from "./observed-time.ts";

/** What retention has to know of its last run, also after a restart. */
export type RetentionState = {
  readonly time: ObservedTime | null;
  /** The rules as they were first seen at `rulesSinceMs`; null: there were none. */
  readonly fingerprint: string | null;
  readonly rulesSinceMs: number;
  /** When the rules were last applied, or would have been; 0: never. */
  readonly appliedAtMs: number;
};

const KEY = "retention";
const NOTHING: RetentionState = { time: null, fingerprint: null, rulesSinceMs: 0, appliedAtMs: 0 };

/** So often the state is written down, though nothing but the time has changed. */
const SAVE_EVERY_MS = 3_600_000;

/** Keeps the state in memory, and in the store as often as is worth it. */
export class KeptState {
  readonly #store: SettingsStore;
  #state: RetentionState | null = null;
  #saved: RetentionState = NOTHING;

  constructor(store: SettingsStore) {
    this.#store = store;
  }

  async read(): Promise<RetentionState> {
    if (this.#state === null) this.#state = this.#saved = parseState(await this.#store.get(KEY));
    return this.#state;
  }

  async write(state: RetentionState): Promise<void> {
    this.#state = state;
    if (!isWorthSaving(this.#saved, state)) return;
    try {
      await this.#store.set(KEY, { ...state, time: state.time === null ? null : { ...state.time } });
      this.#saved = state;
    } catch (error) {
      // On a full disk it is written another time: what is forgotten is doubted or waited for once more.
      if (!isUnkeepable(error)) throw error;
    }
  }
}

function isWorthSaving(saved: RetentionState, state: RetentionState): boolean {
  if (saved.fingerprint !== state.fingerprint || saved.rulesSinceMs !== state.rulesSinceMs) return true;
  if (saved.time?.doubtMs !== state.time?.doubtMs) return true;
  return Math.abs((state.time?.seenAtMs ?? 0) - (saved.time?.seenAtMs ?? 0)) >= SAVE_EVERY_MS;
}

/** Another larder may have written it. */
function parseState(value: JsonValue): RetentionState {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return NOTHING;
  const fields = value as { readonly [key: string]: JsonValue };
  const numberOf = (one: JsonValue | undefined) => (typeof one === "number" ? one : 0);
  const time = fields["time"] as { readonly [key: string]: JsonValue } | null | undefined;
  return {
    time: time ? { seenAtMs: numberOf(time["seenAtMs"]), doubtMs: numberOf(time["doubtMs"]) } : null,
    fingerprint: typeof fields["fingerprint"] === "string" ? fields["fingerprint"] : null,
    rulesSinceMs: numberOf(fields["rulesSinceMs"]),
    appliedAtMs: numberOf(fields["appliedAtMs"]),
  };
}
