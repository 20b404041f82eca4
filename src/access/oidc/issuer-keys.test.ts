import { beforeAll, expect, test } from "bun:test";
import { IssuerKeys } from "./issuer-keys.ts";
import { type KeySet, parseKeySet, type PublicKey } from "./key-set.ts";
import { makeTokenIssuer, type TokenIssuer } from "./token-issuer.fixture.ts";

const ISSUER = "https://gitlab.example";
const LIMITS = { maxAgeMs: 1000, pauseMs: 100 };
let issuer: TokenIssuer;

beforeAll(async () => {
  issuer = await makeTokenIssuer(ISSUER, "ES256");
});

/** Keys by a clock that stands still, of an issuer that answers as `answer` says. */
function keysBy(given: { stored?: KeySet; answer?: () => Promise<readonly PublicKey[]>; isOffline?: boolean } = {}) {
  const world = {
    nowMs: 10_000,
    readings: 0,
    kept: given.stored ?? (null as KeySet | null),
    failures: [] as string[],
    isOffline: given.isOffline ?? false,
    answer: given.answer ?? (async () => parseKeySet(issuer.keySet())),
  };
  const keys = new IssuerKeys({
    read: () => {
      world.readings++;
      return world.answer();
    },
    mayRead: () => !world.isOffline,
    recall: async () => world.kept,
    keep: async (set) => void (world.kept = set),
    onFailure: (why) => world.failures.push(why),
    now: () => world.nowMs,
    limits: LIMITS,
  });
  return { keys, world };
}

const down = () => Promise.reject(new Error("nobody answers"));
const old = (): KeySet => ({ keys: parseKeySet(issuer.keySet()), fetchedAtMs: 0 });

test("are asked for once, and kept", async () => {
  const { keys, world } = keysBy();
  const all = await Promise.all(Array.from({ length: 50 }, () => keys.for("key-1")));
  expect(all.every(({ set }) => set?.keys.length === 1)).toBe(true);
  expect(world.readings).toBe(1);
  expect(world.kept).toEqual({ keys: parseKeySet(issuer.keySet()), fetchedAtMs: 10_000 });
});

test("one that is not known makes larder look again, but not at each request", async () => {
  const { keys, world } = keysBy();
  await keys.for("key-1");
  for (let request = 0; request < 200; request++) await keys.for(`made-up-${request}`);
  expect(world.readings).toBe(1);
  world.nowMs += LIMITS.pauseMs;
  await Promise.all(Array.from({ length: 200 }, (_, request) => keys.for(`made-up-${request}`)));
  expect(world.readings).toBe(2);
});

test("a new one is found when a token names it", async () => {
  const rotating = await makeTokenIssuer(ISSUER, "ES256");
  const { keys, world } = keysBy({ answer: async () => parseKeySet(rotating.keySet()) });
  await keys.for("key-1");
  await rotating.rotate();
  world.nowMs += LIMITS.pauseMs;
  expect((await keys.for("key-2")).set?.keys.map(({ kid }) => kid)).toEqual(["key-1", "key-2"]);
});

test("old ones are looked up beside the request, which does not wait", async () => {
  let finish = () => {};
  const { keys, world } = keysBy({ stored: old() });
  world.answer = () => new Promise((resolve) => (finish = () => resolve(parseKeySet(issuer.keySet()))));
  expect((await keys.for("key-1")).set?.fetchedAtMs).toBe(0);
  expect(world.readings).toBe(1);
  finish();
  while (world.kept?.fetchedAtMs === 0) await Bun.sleep(1);
  expect((await keys.for("key-1")).set?.fetchedAtMs).toBe(10_000);
  expect(world.readings).toBe(1);
});

test("the last ones count for as long as the issuer is away", async () => {
  const { keys, world } = keysBy({ answer: down, stored: old() });
  for (let day = 0; day < 30; day++) {
    world.nowMs += 86_400_000;
    expect((await keys.for("key-1")).set?.keys.length).toBe(1);
    while (world.failures.length < day + 1) await Bun.sleep(1);
  }
  expect(await keys.for("key-9")).toMatchObject({ failure: "nobody answers" });
});

test("without any, each pause brings one question, and every answer says why there are none", async () => {
  const { keys, world } = keysBy({ answer: down });
  for (let request = 0; request < 50; request++) {
    expect(await keys.for("key-1")).toEqual({ set: null, failure: "nobody answers" });
  }
  expect([world.readings, world.failures.length]).toEqual([1, 1]);
  world.nowMs += LIMITS.pauseMs;
  world.answer = async () => parseKeySet(issuer.keySet());
  expect((await keys.for("key-1")).failure).toBeNull();
});

test("offline nobody is asked, and the kept ones count", async () => {
  const { keys, world } = keysBy({ stored: old(), isOffline: true });
  expect((await keys.for("key-1")).set?.keys.length).toBe(1);
  expect(await keys.for("key-9")).toMatchObject({ failure: "larder is offline" });
  expect(world.readings).toBe(0);
  const nothing = keysBy({ isOffline: true });
  expect(await nothing.keys.for("key-1")).toEqual({ set: null, failure: "larder is offline" });
});

test("a clock that was set back does not keep old ones for current", async () => {
  const { keys, world } = keysBy({ stored: { ...old(), fetchedAtMs: 1e12 } });
  await keys.for("key-1");
  expect(world.readings).toBe(1);
});

test("a key set keeps what verifies signatures alone", async () => {
  const [jwk] = issuer.keySet().keys;
  const set = {
    keys: [
      { ...jwk, d: "secret", x5c: ["MIIB"], x5u: "https://elsewhere.example" },
      { kty: "oct", k: "c2VjcmV0", kid: "shared" },
      { ...jwk, use: "enc", kid: "encryption" },
      { kty: "EC", kid: 7 },
      "nonsense",
    ],
  };
  const { use: _, ...rest } = jwk ?? {};
  expect(parseKeySet(set)).toEqual([rest as PublicKey]);
  expect(parseKeySet({ keys: Array(150).fill(jwk) }).length).toBe(32);
  for (const wrong of [null, [], {}, { keys: {} }, "x"])
    expect(() => parseKeySet(wrong)).toThrow("no JSON Web Key Set");
  expect(() => parseKeySet({ keys: [{ kty: "oct", k: "AA" }] })).toThrow("no public key");
});
