import type { AccountStore } from "../../storage/accounts.ts";
import { parseGrant } from "../grant.ts";
import type { Principal } from "../principal.ts";
import type { AccountPresence } from "./account-presence.ts";

type User = Extract<Principal, { readonly kind: "user" }>;

/** The users of the store, as a password is checked with them. */
export class StoreUsers {
  readonly #store: AccountStore;
  readonly #presence: AccountPresence;

  constructor(store: AccountStore, presence: AccountPresence) {
    this.#store = store;
    this.#presence = presence;
  }

  isAnybody(): boolean {
    return this.#presence.users > 0;
  }

  /** Tells when a user has come, gone or changed. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    return this.#store.subscribe(({ kind }) => {
      if (kind === "user") listener();
    });
  }

  /** Null: there is none of this name. */
  async findUser(name: string): Promise<{ readonly principal: User; readonly passwordHash: string } | null> {
    const user = await this.#store.users.get(name);
    if (user === null) return null;
    const { passwordHash, grants } = user;
    return { principal: { kind: "user", name, grants: grants?.map(parseGrant) ?? null }, passwordHash };
  }
}
