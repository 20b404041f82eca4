import type { AccountStore, AccountTotals } from "../../storage/accounts.ts";

/** Knows at any moment how many users and tokens the store has: with the first of them, rules begin to count. */
export class AccountPresence {
  readonly #store: Pick<AccountStore, "totals" | "subscribe">;
  #totals: AccountTotals = { users: 0, tokens: 0 };

  constructor(store: Pick<AccountStore, "totals" | "subscribe">) {
    this.#store = store;
    // First of all who are told: others ask here.
    store.subscribe(({ totals }) => {
      this.#totals = totals;
    });
  }

  /** To be called before the first request. */
  async start(): Promise<void> {
    this.#totals = await this.#store.totals();
  }

  get users(): number {
    return this.#totals.users;
  }

  get tokens(): number {
    return this.#totals.tokens;
  }
}
