/** Users and tokens from their making to their end, over a store in memory. */
import { beforeEach, expect, test } from "bun:test";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { MetadataStore } from "../../storage/metadata.ts";
import type { Credentials } from "../credentials.ts";
import { PasswordChecker } from "../passwords/password-checker.ts";
import { AccountPresence } from "./account-presence.ts";
import { AccountUses } from "./account-uses.ts";
import { LocalAdministrator } from "./local-administrator.ts";
import { StoreUsers } from "./store-users.ts";
import { TokenChecker } from "./token-checker.ts";
import { TokenKeeper } from "./token-keeper.ts";
import { newTokenText } from "./token-text.ts";
import { UserKeeper } from "./user-keeper.ts";

const NEVER = new AbortController().signal;
const WHO = { who: "administrator", from: "127.0.0.1", requestId: "r-1" };
const DAY_MS = 86_400_000;

let store: MetadataStore;
let nowMs: number;
let users: UserKeeper;
let tokens: TokenKeeper;
let uses: AccountUses;
let presence: AccountPresence;
let checker: TokenChecker;
beforeEach(() => {
  store = memoryMetadata();
  nowMs = Date.UTC(2026, 10, 28);
  const now = () => nowMs;
  users = new UserKeeper(store.accounts.users, now);
  tokens = new TokenKeeper(store.accounts.tokens, now);
  uses = new AccountUses(store.accounts, now);
  presence = new AccountPresence(store.accounts);
  checker = new TokenChecker(store.accounts, presence, uses, now);
});

const put = (name: string, password = "secret", more: object = {}) =>
  users.put({ name, password, ...more }, WHO, NEVER);
const bearer = (token: string): Credentials => ({ kind: "bearer", token });
const basic = (username: string, password: string): Credentials => ({ kind: "basic", username, password });
const create = (name: string, grants: readonly string[], expiresAfterMs: number | null = null) =>
  tokens.create({ name, grants, expiresAfterMs }, WHO);

test("a user's password is kept as bcrypt, which others verify; grants by their full spelling", async () => {
  expect(await put("bob", "s\u00e9cret", { grants: ["push,pull:team/**"] })).toBe("added");
  const stored = await store.accounts.users.get("bob");
  expect(stored).toMatchObject({ grants: ["pull,push:local/team/**"] });
  expect(stored?.passwordHash).toMatch(/^\$2b\$10\$/);
  expect(await Bun.password.verify("s\u00e9cret", stored?.passwordHash ?? "")).toBe(true);
  expect(await put("bob", "other", { expect: "present" })).toBe("changed");
  expect(await store.accounts.users.get("bob")).toMatchObject({ grants: ["pull,push:local/team/**"] });
});

const NO_NAMES = [
  "",
  "Bob",
  "a:b",
  "a b",
  "a\n",
  "a\u0000",
  "../x",
  "a/b",
  "-a",
  ".a",
  "*",
  "a*",
  "b\u00f6b",
  "a".repeat(65),
];
test.each([...NO_NAMES, "anonymous", "authenticated", "this-machine", "administrator", "token"])(
  "%p is nobody's name",
  async (name) => {
    await expect(put(name)).rejects.toThrow("cannot be a user's name");
    await expect(create(name, ["pull:**"])).rejects.toThrow("cannot be a token's name");
    expect(await store.accounts.totals()).toEqual({ users: 0, tokens: 0 });
  },
);

test.each(["a", "bob", "build-7", "ann@corp.example", "a_b.c", "7"])("%p is a name", async (name) => {
  expect(await put(name)).toBe("added");
});

test.each(["", "x".repeat(73), "\u00e9".repeat(37), "a\nb", "a\u0000b", newTokenText()])(
  "%p is no password, and is not repeated",
  async (password) => {
    const failure = await put("bob", password).catch((error: Error) => error.message);
    expect(failure).toContain("this cannot be a password");
    if (password !== "") expect(failure).not.toContain(password);
  },
);

test("who is added twice at once is added once", async () => {
  const add = () => put("bob", "x", { expect: "absent" }).catch((error: Error) => error.message);
  const outcomes = await Promise.all([add(), add(), add()]);
  expect(outcomes.filter((outcome) => outcome === "added")).toHaveLength(1);
  expect(outcomes).toContain("there is a user bob already: `larder user passwd bob` gives a new password");
});

test("a token's text is told once, and its hash alone is kept", async () => {
  const { text } = await create("ci", ["pull:docker.io/**"]);
  const everything = JSON.stringify([
    await store.accounts.tokens.list({ after: null, limit: 10 }),
    await store.audit.list({ before: null, sinceMs: 0, limit: 10 }),
  ]);
  expect(everything).toContain("pull:docker.io/**");
  expect(everything).not.toContain(text.slice(7, 37));
});

test("a token is taken as Bearer, and as the password of any name", async () => {
  const { text, id } = await create("ci", ["pull:docker.io/**"]);
  for (const credentials of [bearer(text), basic("ci", text), basic("whoever", text), basic("", text)]) {
    expect(await checker.check(credentials)).toMatchObject({ kind: "token", name: "ci" });
  }
  expect(await checker.check({ kind: "none" })).toBeNull();
  expect(await checker.check(basic("bob", "secret"))).toBeNull();
  expect(await checker.check(bearer("eyJhbGciOi.x.y"))).toBeNull();
  await uses.save();
  expect(await store.accounts.tokens.named("ci")).toMatchObject({ id, lastUsedAtMs: nowMs });
});

test("a token that is cut, nobody's, revoked or expired is refused; why, only who has it learns", async () => {
  const { text, id } = await create("ci", ["pull:**"], DAY_MS);
  await expect(checker.check(bearer(text.slice(0, -1)))).rejects.toThrow("not whole");
  await expect(checker.check(bearer(newTokenText()))).rejects.toThrow("does not know it");
  nowMs += DAY_MS - 1;
  expect(await checker.check(bearer(text))).not.toBeNull();
  nowMs += 1;
  await expect(checker.check(bearer(text))).rejects.toThrow("ci expired on 2026-11-29");
  await tokens.revoke(id, WHO);
  await expect(checker.check(basic("x", text))).rejects.toThrow("ci was revoked on 2026-11-29");
});

test("what a session of a token may is what the token may now, and nothing once it has ended", async () => {
  const { id } = await create("ci", ["pull:**"], DAY_MS);
  const ci = { kind: "token", name: "ci", grants: [], generation: id } as const;
  expect(await checker.recall(ci)).toMatchObject({ kind: "token", name: "ci", grants: [{}] });
  expect(await checker.recall({ kind: "user", name: "ci" })).toBeUndefined();
  nowMs += DAY_MS;
  expect(await checker.recall(ci)).toBeNull();
});

test("a session of a token that was revoked is none of another token that has its name", async () => {
  const known = await checker.check(bearer((await create("ci", ["pull:**"])).text));
  const session = known ?? expect.unreachable();
  expect(await checker.recall(session)).toMatchObject({ kind: "token", name: "ci" });
  await tokens.revoke("ci", WHO);
  await create("ci", ["*:**"]);
  expect(await checker.recall(session)).toBeNull();
});

test("a session of a user's password is none of the next password, nor of another user who has the name", async () => {
  const directory = new StoreUsers(store.accounts, presence);
  const passwords = new PasswordChecker(() => [directory]);
  const sessionOf = async (password: string) => (await passwords.check(basic("bob", password))) ?? expect.unreachable();
  await put("bob", "one");
  const first = await sessionOf("one");
  expect(JSON.stringify(first)).not.toContain("$2");
  await put("bob", "two");
  const second = await sessionOf("two");
  expect([await passwords.recall(first), await passwords.recall(second)]).toEqual([null, second]);
  await users.remove("bob", WHO);
  await put("bob", "two");
  expect(await passwords.recall(second)).toBeNull();
});

test("rules count with the first who is there, at once, and no more after the last", async () => {
  const directory = new StoreUsers(store.accounts, presence);
  const told: boolean[] = [];
  directory.subscribe(() => told.push(directory.isAnybody()));
  checker.subscribe(() => told.push(checker.isAnybody()));
  expect([directory.isAnybody(), checker.isAnybody()]).toEqual([false, false]);
  await put("bob");
  await create("ci", ["pull:**"]);
  await tokens.revoke("ci", WHO);
  await users.remove("bob", WHO);
  expect(told).toEqual([true, true, false, false]);
});

test("a user is found with what that user alone may", async () => {
  const directory = new StoreUsers(store.accounts, presence);
  await put("ann");
  await put("bob", "x", { grants: ["pull:**"] });
  expect((await directory.findUser("ann"))?.principal).toEqual({ kind: "user", name: "ann", grants: null });
  expect((await directory.findUser("bob"))?.principal.grants).toHaveLength(1);
  expect(await directory.findUser("nobody")).toBeNull();
});

test("the administrator of this machine is known by the secret of this start alone", async () => {
  const [own, other] = [new LocalAdministrator(), new LocalAdministrator()];
  const administrator = (await own.check(bearer(own.secret))) ?? expect.unreachable();
  expect(administrator.kind).toBe("administrator");
  expect(await own.check(basic("administrator", own.secret))).toEqual(administrator);
  expect([await own.recall(administrator), await other.recall(administrator)]).toEqual([administrator, null]);
  for (const credentials of [bearer(other.secret), bearer(""), basic("bob", own.secret), { kind: "none" } as const]) {
    expect(await own.check(credentials)).toBeNull();
  }
  // Nor is it taken for one of the tokens.
  expect(await checker.check(bearer(own.secret))).toBeNull();
});

test("uses that cannot be written down are tried again", async () => {
  const tried: number[] = [];
  const failing = new AccountUses(
    {
      noteUse: (noted) => {
        tried.push(noted.length);
        return tried.length === 1 ? Promise.reject(new Error("full")) : Promise.resolve();
      },
    },
    () => nowMs,
  );
  failing.note("user", "bob");
  await failing.save();
  failing.note("user", "ann");
  await failing.save();
  await failing.save();
  expect(tried).toEqual([1, 2]);
});
