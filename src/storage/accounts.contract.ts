import { describe, expect, test } from "bun:test";
import { type AccountChange, ENDED_TOKENS_KEPT_MS, type StoredToken, type UserPut, USERS_LIMIT } from "./accounts.ts";
import type { NewAuditEntry } from "./audit.ts";
import type { MetadataStore } from "./metadata.ts";

const ALL = { after: null, limit: 1000 };
const WHO = { who: "administrator", from: "127.0.0.1", requestId: "r-1" };

/** What `accounts.ts` promises, for one implementation. */
export function accountsContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (work: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await work(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "a user is as it was put last, keeps the time of its making, and is gone when it was deleted",
      withStore(async ({ accounts: { users } }) => {
        expect(await users.get("bob")).toBeNull();
        expect(await users.put(user("bob", "h1", null), did("user-added", "bob", 7))).toBe("added");
        expect(await users.put(user("bob", "h2", ["pull:**"]), did("user-changed", "bob", 9))).toBe("changed");
        const bob = { name: "bob", passwordHash: "h2", grants: ["pull:**"], createdAtMs: 7, lastUsedAtMs: null };
        expect(await users.get("bob")).toEqual(bob);
        expect(await users.get("BOB")).toBeNull();
        expect(await users.put(user("bob", "h3", undefined), did("user-changed", "bob", 9))).toBe("changed");
        expect(await users.get("bob")).toEqual({ ...bob, passwordHash: "h3" });
        const kept = { ...user("bob", "", ["push:**"]), passwordHash: null };
        expect(await users.put(kept, did("user-changed", "bob", 9))).toBe("changed");
        expect(await users.get("bob")).toEqual({ ...bob, passwordHash: "h3", grants: ["push:**"] });
        expect(await users.put({ ...kept, name: "ann" }, did("user-changed", "ann", 9))).toBe("unexpected");
        expect(await users.delete("bob", did("user-removed", "bob"))).toBe(true);
        expect(await users.delete("bob", did("user-removed", "bob"))).toBe(false);
        expect(await users.get("bob")).toBeNull();
      }),
    );

    test(
      "of two who add a user at once one is refused, and so is who changes one that is not there",
      withStore(async ({ accounts: { users }, audit }) => {
        const put = (name: string, hash: string, expected: "absent" | "present") =>
          users.put({ ...user(name, hash), expect: expected }, did("user-added", name));
        const outcomes = await Promise.all([put("bob", "h1", "absent"), put("bob", "h2", "absent")]);
        expect(outcomes).toEqual(["added", "unexpected"]);
        expect(await put("ann", "h1", "present")).toBe("unexpected");
        expect(await put("bob", "h3", "present")).toBe("changed");
        const entries = await audit.list({ before: null, sinceMs: 0, limit: 10 });
        expect(entries.map(({ action }) => action)).toEqual(["user-changed", "user-added"]);
      }),
    );

    test(
      "users are listed in pages, in the order of the bytes of their names",
      withStore(async ({ accounts: { users } }) => {
        for (const one of ["carol", "ann", "b-2", "b.1"]) await users.put(user(one), did("user-added", one));
        expect(names(await users.list(ALL))).toEqual(["ann", "b-2", "b.1", "carol"]);
        expect(names(await users.list({ after: "b-2", limit: 1 }))).toEqual(["b.1"]);
      }),
    );

    test(
      "a token is found by its hash, revoked or not",
      withStore(async ({ accounts: { tokens } }) => {
        expect(await tokens.add(token("ci"), did("token-created", "ci"))).toBe("added");
        const made = { ...token("ci"), lastUsedAtMs: null, revokedAtMs: null };
        expect(await tokens.find("hash of ci")).toEqual(made);
        expect(await tokens.find("hash of c")).toBeNull();
        expect([await tokens.named("ci"), await tokens.named("id-ci")]).toEqual([made, null]);
        expect(await tokens.list(ALL)).toEqual([made]);
        expect(await tokens.revoke("ci", did("token-revoked", "ci", 50))).toEqual({ ...made, revokedAtMs: 50 });
        expect(await tokens.revoke("ci", did("token-revoked", "ci", 60))).toBeNull();
        expect(await tokens.revoke("id-ci", did("token-revoked", "ci", 60))).toBeNull();
        expect(await tokens.find("hash of ci")).toEqual({ ...made, revokedAtMs: 50 });
        expect(await tokens.named("ci")).toBeNull();
      }),
    );

    test(
      "a name is one token's at a time: the one in force keeps it, one that is over gives it away",
      withStore(async ({ accounts: { tokens } }) => {
        await tokens.add(token("ci", { expiresAtMs: 100 }), did("token-created", "ci"));
        const next = token("ci", { id: "second", secretHash: "other", createdAtMs: 99 });
        expect(await tokens.add(next, did("token-created", "ci", 99))).toBe("taken");
        expect(await tokens.add({ ...next, createdAtMs: 100 }, did("token-created", "ci", 100))).toBe("added");
        expect(await tokens.find("hash of ci")).toMatchObject({ revokedAtMs: 100 });
        expect(await tokens.revoke("second", did("token-revoked", "second"))).toMatchObject({ name: "ci" });
      }),
    );

    test(
      "tokens that ended long ago are forgotten when one is added",
      withStore(async ({ accounts: { tokens } }) => {
        const later = ENDED_TOKENS_KEPT_MS + 100;
        await tokens.add(token("expired", { expiresAtMs: 99 }), did("token-created", "expired"));
        await tokens.add(token("lately", { expiresAtMs: 101 }), did("token-created", "lately"));
        await tokens.add(token("revoked"), did("token-created", "revoked"));
        await tokens.revoke("revoked", did("token-revoked", "revoked", 50));
        await tokens.add(token("forever"), did("token-created", "forever"));
        await tokens.add(token("new", { createdAtMs: later }), did("token-created", "new", later));
        expect(names(await tokens.list(ALL))).toEqual(["forever", "lately", "new"]);
      }),
    );

    test(
      "who subscribes is told of each change, with what there is then, until the end of it",
      withStore(async ({ accounts }) => {
        const told: AccountChange[] = [];
        const end = accounts.subscribe((change) => told.push(change));
        expect(await accounts.totals()).toEqual({ users: 0, tokens: 0 });
        await accounts.users.put(user("bob"), did("user-added", "bob"));
        await accounts.tokens.add(token("ci"), did("token-created", "ci"));
        await accounts.tokens.add(token("ci"), did("token-created", "ci"));
        await accounts.noteUse([{ kind: "user", key: "bob", atMs: 5 }]);
        await accounts.tokens.revoke("ci", did("token-revoked", "ci"));
        await accounts.users.delete("bob", did("user-removed", "bob"));
        end();
        await accounts.users.put(user("ann"), did("user-added", "ann"));
        expect(told).toEqual([
          { kind: "user", key: "bob", totals: { users: 1, tokens: 0 } },
          { kind: "token", key: "id-ci", totals: { users: 1, tokens: 1 } },
          { kind: "token", key: "id-ci", totals: { users: 1, tokens: 0 } },
          { kind: "user", key: "bob", totals: { users: 0, tokens: 0 } },
        ]);
        expect(await accounts.totals()).toEqual({ users: 1, tokens: 0 });
      }),
    );

    test(
      "a use is noted, the latest counts, and one of an account that has gone is nothing",
      withStore(async ({ accounts }) => {
        const { users, tokens } = accounts;
        await users.put(user("bob"), did("user-added", "bob"));
        await tokens.add(token("ci"), did("token-created", "ci"));
        await accounts.noteUse([
          { kind: "user", key: "bob", atMs: 20 },
          { kind: "user", key: "gone", atMs: 20 },
          { kind: "token", key: "id-ci", atMs: 30 },
        ]);
        await accounts.noteUse([{ kind: "user", key: "bob", atMs: 10 }]);
        expect(await users.get("bob")).toMatchObject({ lastUsedAtMs: 20 });
        expect(await tokens.find("hash of ci")).toMatchObject({ lastUsedAtMs: 30 });
      }),
    );

    test(
      "each change has its entry in the audit log, and what came to nothing has none",
      withStore(async ({ accounts: { users, tokens }, audit }) => {
        await users.put(user("bob"), did("user-added", "bob", 1));
        await users.delete("nobody", did("user-removed", "nobody", 2));
        await tokens.add(token("ci"), did("token-created", "ci", 3));
        await tokens.add(token("ci"), did("token-created", "ci", 4));
        await tokens.revoke("id-ci", did("token-revoked", null, 5));
        await users.delete("bob", did("user-removed", "bob", 6));
        const entries = await audit.list({ before: null, sinceMs: 0, limit: 10 });
        expect(entries.map(({ action, subject, atMs }) => [action, subject, atMs])).toEqual([
          ["user-removed", "bob", 6],
          ["token-revoked", "ci", 5],
          ["token-created", "ci", 3],
          ["user-added", "bob", 1],
        ]);
        expect(entries[0]).toMatchObject(WHO);
      }),
    );

    test(
      "a store takes so many users, and goes on to change those that it has",
      withStore(async ({ accounts: { users } }) => {
        const all = Array.from({ length: USERS_LIMIT }, (_, index) => `user-${index}`);
        for (let at = 0; at < all.length; at += 500) {
          await Promise.all(all.slice(at, at + 500).map((one) => users.put(user(one), did("user-added", one))));
        }
        expect(await users.put(user("one-more"), did("user-added", "one-more"))).toBe("full");
        expect(await users.put(user("user-7", "h2"), did("user-changed", "user-7"))).toBe("changed");
        await users.delete("user-8", did("user-removed", "user-8"));
        expect(await users.put(user("one-more"), did("user-added", "one-more"))).toBe("added");
      }),
      60_000,
    );
  });
}

function did(action: NewAuditEntry["action"], subject: string | null, atMs = 1): NewAuditEntry {
  return { ...WHO, atMs, action, subject, detail: null };
}

function user(name: string, passwordHash = "hash", ...[grants]: (readonly string[] | null | undefined)[]): UserPut {
  return { name, passwordHash, grants, expect: null };
}

function token(name: string, more: Partial<StoredToken> = {}): Omit<StoredToken, "lastUsedAtMs" | "revokedAtMs"> {
  const made = { id: `id-${name}`, name, secretHash: `hash of ${name}`, grants: ["pull:**"], createdAtMs: 1 };
  return { ...made, expiresAtMs: null, ...more };
}

function names(accounts: readonly { readonly name: string }[]): readonly string[] {
  return accounts.map(({ name }) => name);
}
