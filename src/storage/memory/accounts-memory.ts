import {
  type AccountChange,
  type AccountStore,
  type AccountTotals,
  type AccountUse,
  ENDED_TOKENS_KEPT_MS,
  type PutOutcome,
  type StoredToken,
  type StoredUser,
  TOKENS_LIMIT,
  type TokenStore,
  USERS_LIMIT,
  type UserPut,
  type UserStore,
} from "../accounts.ts";
import type { AuditStore, NewAuditEntry } from "../audit.ts";
import type { Page } from "../page.ts";
import { Subscribers } from "../subscribers.ts";

/** Users and tokens in memory. */
export class MemoryAccounts implements AccountStore {
  readonly users: MemoryUsers;
  readonly tokens: MemoryTokens;
  readonly #subscribers = new Subscribers<[AccountChange]>();

  constructor(audit: AuditStore) {
    const changed = (kind: AccountChange["kind"]) => (key: string) =>
      this.#subscribers.tell({ kind, key, totals: this.#totals() });
    this.users = new MemoryUsers(audit, changed("user"));
    this.tokens = new MemoryTokens(audit, changed("token"));
  }

  async totals(): Promise<AccountTotals> {
    return this.#totals();
  }

  async noteUse(uses: readonly AccountUse[]): Promise<void> {
    for (const { kind, key, atMs } of uses) (kind === "user" ? this.users.all : this.tokens.all).use(key, atMs);
  }

  subscribe(listener: (change: AccountChange) => void): () => void {
    return this.#subscribers.add(listener);
  }

  #totals(): AccountTotals {
    const { users, tokens } = this;
    return { users: users.all.size, tokens: [...tokens.all.values()].filter(isInForce).length };
  }
}

/** Accounts by their keys, listed in the order of these. */
class Accounts<Account extends { readonly lastUsedAtMs: number | null }> extends Map<string, Account> {
  page({ after, limit }: Page): readonly Account[] {
    const keys = [...this.keys()].filter((key) => key > (after ?? "")).toSorted();
    return keys.slice(0, limit).flatMap((key) => this.get(key) ?? []);
  }

  use(key: string, atMs: number): void {
    const account = this.get(key);
    if (account !== undefined && (account.lastUsedAtMs ?? 0) < atMs) this.set(key, { ...account, lastUsedAtMs: atMs });
  }
}

class MemoryUsers implements UserStore {
  readonly all = new Accounts<StoredUser>();
  readonly #audit: AuditStore;
  readonly #changed: (name: string) => void;

  constructor(audit: AuditStore, changed: (name: string) => void) {
    this.#audit = audit;
    this.#changed = changed;
  }

  async get(name: string): Promise<StoredUser | null> {
    return this.all.get(name) ?? null;
  }

  async list(page: Page): Promise<readonly StoredUser[]> {
    return this.all.page(page);
  }

  async put({ name, passwordHash, grants, expect }: UserPut, audit: NewAuditEntry): Promise<PutOutcome> {
    const before = this.all.get(name);
    const isThere = before !== undefined;
    if (expect !== null && (expect === "present") !== isThere) return "unexpected";
    const hash = passwordHash ?? before?.passwordHash;
    if (hash === undefined) return "unexpected";
    if (!isThere && this.all.size >= USERS_LIMIT) return "full";
    const made = { name, createdAtMs: audit.atMs, lastUsedAtMs: null, grants: null };
    const given = grants === undefined ? {} : { grants };
    this.all.set(name, { ...made, ...before, passwordHash: hash, ...given });
    await this.#audit.append({ ...audit, action: isThere ? "user-changed" : "user-added" });
    this.#changed(name);
    return isThere ? "changed" : "added";
  }

  async delete(name: string, audit: NewAuditEntry): Promise<boolean> {
    if (!this.all.delete(name)) return false;
    await this.#audit.append(audit);
    this.#changed(name);
    return true;
  }
}

class MemoryTokens implements TokenStore {
  readonly all = new Accounts<StoredToken>();
  readonly #audit: AuditStore;
  readonly #changed: (id: string) => void;

  constructor(audit: AuditStore, changed: (id: string) => void) {
    this.#audit = audit;
    this.#changed = changed;
  }

  async find(secretHash: string): Promise<StoredToken | null> {
    return [...this.all.values()].find((token) => token.secretHash === secretHash) ?? null;
  }

  async named(name: string): Promise<StoredToken | null> {
    return this.#named(name);
  }

  async list(page: Page): Promise<readonly StoredToken[]> {
    return this.all.page(page);
  }

  async add(
    token: Omit<StoredToken, "lastUsedAtMs" | "revokedAtMs">,
    audit: NewAuditEntry,
  ): Promise<"added" | "taken" | "full"> {
    const before = this.#named(token.name);
    const isOver = before?.expiresAtMs != null && before.expiresAtMs <= token.createdAtMs;
    if (before !== null && !isOver) return "taken";
    this.#forgetEnded(token.createdAtMs - ENDED_TOKENS_KEPT_MS);
    if (this.all.size >= TOKENS_LIMIT) this.#forgetEnded(token.createdAtMs);
    if (this.all.size >= TOKENS_LIMIT) return "full";
    if (before !== null) this.all.set(before.id, { ...before, revokedAtMs: token.createdAtMs });
    this.all.set(token.id, { ...token, lastUsedAtMs: null, revokedAtMs: null });
    await this.#audit.append(audit);
    this.#changed(token.id);
    return "added";
  }

  async revoke(idOrName: string, audit: NewAuditEntry): Promise<StoredToken | null> {
    const token = this.all.get(idOrName) ?? this.#named(idOrName);
    if (token === null || token.revokedAtMs !== null) return null;
    const revoked = { ...token, revokedAtMs: audit.atMs };
    this.all.set(token.id, revoked);
    await this.#audit.append({ ...audit, subject: token.name });
    this.#changed(token.id);
    return revoked;
  }

  #named(name: string): StoredToken | null {
    return [...this.all.values()].find((token) => token.name === name && isInForce(token)) ?? null;
  }

  #forgetEnded(beforeMs: number): void {
    for (const { id, revokedAtMs, expiresAtMs } of this.all.values()) {
      if (Math.min(revokedAtMs ?? Number.POSITIVE_INFINITY, expiresAtMs ?? Number.POSITIVE_INFINITY) < beforeMs)
        this.all.delete(id);
    }
  }
}

function isInForce({ revokedAtMs }: StoredToken): boolean {
  return revokedAtMs === null;
}
