import type { AccountStore, AccountUse } from "../../storage/accounts.ts";

/** Remembers when accounts were used, and writes it down once in a while: a use must not cost a write. */
export class AccountUses {
  readonly #store: Pick<AccountStore, "noteUse">;
  readonly #now: () => number;
  readonly #uses = new Map<string, AccountUse>();

  constructor(store: Pick<AccountStore, "noteUse">, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** Notes a use of a user's name or a token's id. */
  note(kind: AccountUse["kind"], key: string): void {
    this.#uses.set(`${kind} ${key}`, { kind, key, atMs: this.#now() });
  }

  /** Writes down what was noted. Never fails: a store that takes nothing just now is asked again. */
  async save(): Promise<void> {
    if (this.#uses.size === 0) return;
    const uses = [...this.#uses.values()];
    this.#uses.clear();
    try {
      await this.#store.noteUse(uses.toSorted((a, b) => (a.key < b.key ? -1 : 1)));
    } catch {
      // Not this time. What was noted since is newer.
      for (const use of uses)
        if (!this.#uses.has(`${use.kind} ${use.key}`)) this.#uses.set(`${use.kind} ${use.key}`, use);
    }
  }
}
