import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { TokenKeeper } from "../../access/accounts/token-keeper.ts";
import type { UserKeeper } from "../../access/accounts/user-keeper.ts";
import type { AccountStore, StoredToken } from "../../storage/accounts.ts";
import type { AuditStore } from "../../storage/audit.ts";
import type { Asker } from "../exchange.ts";

/** What the operations on accounts work on. */
export type AccountParts = {
  readonly store: AccountStore;
  readonly audit: AuditStore;
  readonly users: UserKeeper;
  readonly tokens: TokenKeeper;
};

/** The operations on users, tokens and the audit log. */
export function accountActions({ store, audit, users, tokens }: AccountParts) {
  const totals = async (): Promise<number> => {
    const { users: people, tokens: programs } = await store.totals();
    return people + programs;
  };
  return {
    listUsers: async ({ after, limit }: InputOf<"listUsers">): Promise<AnswerOf<"listUsers">> => {
      const found = await store.users.list({ after: after ?? null, limit: limit + 1 });
      const page = found.slice(0, limit).map(({ name, grants, createdAtMs, lastUsedAtMs }) => {
        return { name, grants, createdAtMs, lastUsedAtMs };
      });
      return { users: page, next: found.length > limit ? (page.at(-1)?.name ?? null) : null };
    },
    putUser: async (
      { name, password, grants, expect }: InputOf<"putUser">,
      signal: AbortSignal,
      cause: Asker,
    ): Promise<AnswerOf<"putUser">> => {
      const status = await users.put({ name, password, grants, expect }, cause, signal);
      return { name, status, isFirst: status === "added" && (await totals()) === 1 };
    },
    removeUser: async ({ name }: InputOf<"removeUser">, _: AbortSignal, cause: Asker) => {
      await users.remove(name, cause);
      return { name, isLast: (await totals()) === 0 };
    },
    listTokens: async ({ after, limit }: InputOf<"listTokens">): Promise<AnswerOf<"listTokens">> => {
      const found = await store.tokens.list({ after: after ?? null, limit: limit + 1 });
      const page = found.slice(0, limit).map(withoutHash);
      return { tokens: page, next: found.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    createToken: async (
      input: InputOf<"createToken">,
      _: AbortSignal,
      cause: Asker,
    ): Promise<AnswerOf<"createToken">> => {
      const { text, id, name, grants, expiresAtMs } = await tokens.create(input, cause);
      return { token: text, id, name, grants, expiresAtMs, isFirst: (await totals()) === 1 };
    },
    revokeToken: async ({ token }: InputOf<"revokeToken">, _: AbortSignal, cause: Asker) => {
      const { id, name } = await tokens.revoke(token, cause);
      return { id, name, isLast: (await totals()) === 0 };
    },
    listAudit: async (
      { since = 0, before, limit, ...narrow }: InputOf<"listAudit">,
      signal: AbortSignal,
    ): Promise<AnswerOf<"listAudit">> => {
      const query = { before: before ?? null, sinceMs: since, limit: limit + 1, ...narrow };
      const found = await audit.list(query, signal);
      const entries = found.slice(0, limit);
      return { entries, next: found.length > limit ? (entries.at(-1)?.id ?? null) : null };
    },
  };
}

function withoutHash({ id, name, grants, createdAtMs, expiresAtMs, lastUsedAtMs, revokedAtMs }: StoredToken) {
  return { id, name, grants, createdAtMs, expiresAtMs, lastUsedAtMs, revokedAtMs };
}
