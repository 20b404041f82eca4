import { expect, test } from "bun:test";
import type { Principal } from "../principal.ts";
import { parseGrant } from "../grant.ts";
import { covers, type TokenScope } from "../token-scope.ts";
import { type RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { SessionTokens } from "./session-tokens.ts";
import { type KeyStore, SigningKey } from "./signing-key.ts";

const SCOPE: TokenScope = {
  repositories: new Map([["local/team/app" as RepositoryName, new Set(["pull", "push"] as const)]]),
  lists: true,
  all: false,
};
const APP = repositoryOf("local/team/app" as RepositoryName);
const OTHER = repositoryOf("local/team/other" as RepositoryName);

function storeOf(values: Map<string, unknown> = new Map()): KeyStore & { values: Map<string, unknown> } {
  return {
    values,
    get: async (key) => values.get(key) ?? null,
    set: async (key, value) => void values.set(key, value),
    subscribe: () => () => {},
  };
}

function sessions(store = storeOf()) {
  const clock = { ms: 1_800_000_000_000 };
  const gone = new Set<string>();
  const tokens = new SessionTokens({
    key: new SigningKey(store, (error) => expect.unreachable(String(error))),
    recall: async (principal) => ("name" in principal && gone.has(principal.name) ? null : principal),
    now: () => clock.ms,
  });
  const check = (token: string) => tokens.check({ kind: "bearer", token });
  return { tokens, clock, gone, check };
}

test.each<Principal>([
  { kind: "user", name: "bob", grants: null },
  { kind: "user", name: "bob", grants: null, generation: "x" },
  { kind: "user", name: "eve", grants: [parseGrant("pull:team/**")] },
  { kind: "token", name: "ci", grants: [parseGrant("*:**")], generation: "x" },
  { kind: "administrator", generation: "x" },
  { kind: "workload", provider: "github", name: "x", claims: { a: ["b"], c: "d" }, expiresAtMs: 1_900_000_000_000 },
])("a token tells who has it and what it is for: %p", async (principal) => {
  const { tokens, check } = sessions();
  const { token, lifetimeSeconds } = await tokens.give(principal, SCOPE);
  const found = await check(token);
  expect(JSON.stringify({ ...found, scope: null })).toBe(JSON.stringify({ ...principal, scope: null }));
  expect(lifetimeSeconds).toBe(300);
  expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  const scope = found?.scope ?? expect.unreachable();
  expect([covers(scope, "push", APP), covers(scope, "delete", APP), covers(scope, "pull", OTHER)]).toEqual([
    true,
    false,
    false,
  ]);
  expect([covers(scope, "pull", null), covers(scope, "administer", null)]).toEqual([true, false]);
});

test.each<Principal>([
  { kind: "certificate", name: "node-1" },
  { kind: "own-machine" },
  { kind: "stranger", trait: "" },
])("a token of who is known by the connection is nobody's without it: %p", async (principal) => {
  const { tokens, check } = sessions();
  expect((await check((await tokens.give(principal, SCOPE)).token))?.kind).toBe("stranger");
});

test("a token ends, and one of a job with the job's own, though not within a minute", async () => {
  const { tokens, clock, check } = sessions();
  const { token } = await tokens.give({ kind: "user", name: "bob" }, SCOPE);
  clock.ms += 299_000;
  expect(await check(token)).toMatchObject({ name: "bob" });
  clock.ms += 2000;
  await expect(check(token)).rejects.toMatchObject({ code: "UNAUTHORIZED", challengeError: "invalid_token" });
  const job = { kind: "workload", provider: "p", name: "n", claims: {} } as const;
  const left = async (seconds: number) =>
    (await tokens.give({ ...job, expiresAtMs: clock.ms + seconds * 1000 }, SCOPE)).lifetimeSeconds;
  expect([await left(3600), await left(120), await left(1)]).toEqual([300, 120, 60]);
});

test("the token of a user who is gone is one no more", async () => {
  const { tokens, gone, check } = sessions();
  const { token } = await tokens.give({ kind: "user", name: "bob" }, SCOPE);
  expect(await check(token)).toMatchObject({ name: "bob" });
  gone.add("bob");
  tokens.forget();
  await expect(check(token)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
});

test("another larder of the store knows its tokens, one with another store none of them", async () => {
  const store = storeOf();
  const [one, other, stranger] = [sessions(store), sessions(store), sessions()];
  const { token } = await one.tokens.give({ kind: "user", name: "bob" }, SCOPE);
  expect(await other.check(token)).toMatchObject({ name: "bob" });
  expect(await stranger.check(token)).toBeNull();
  expect(JSON.stringify([...store.values])).not.toContain(token);
});

test("what was changed in a single character is no token of ours", async () => {
  const { tokens, check } = sessions();
  const { token } = await tokens.give({ kind: "user", name: "bob" }, SCOPE);
  for (let at = 0; at < token.length - 1; at++) {
    const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    expect(await check(changed)).toBeNull();
  }
  const [, payload = ""] = token.split(".");
  const none = Buffer.from('{"alg":"none"}').toString("base64url");
  for (const forged of [`${none}.${payload}.`, `${token}x`, token.slice(0, -1), "", "a.b.c"]) {
    expect(await check(forged)).toBeNull();
  }
});
