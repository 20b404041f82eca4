import { expect, test } from "bun:test";
import { type Namespace, parseRepositoryPath } from "../../oci/repository-name.ts";
import { nameOf } from "../../oci/repository.ts";
import { Proofs, type ProofTerms } from "./proofs.ts";

const HOST = "registry.test" as Namespace;
const APP = { namespace: HOST, path: parseRepositoryPath("team/app") };

/** Proofs of a registry that lets in who has one of `keys`, `null` for everybody, and says nothing while it is `down`. */
function opened({ lifetimeMs = 60_000, offline = "refuse" }: Partial<ProofTerms> = {}) {
  const registry = {
    keys: new Set<string | null>(["right"]),
    /** Those that it tells of tags, and gives nothing else. */
    tagsFor: new Set<string | null>(),
    down: false,
    questions: [] as (string | null)[],
  };
  const clock = { ms: 1_000_000 };
  const seen = new Map<string, number>();
  const unasked: string[] = [];
  const parts = {
    prover: {
      prove: async (_: unknown, key: string | null) => {
        registry.questions.push(key);
        if (registry.down) throw new Error("it is down");
        if (registry.keys.has(key)) return "image" as const;
        return registry.tagsFor.has(key) ? ("tags" as const) : ("nothing" as const);
      },
      knows: async () => true,
    },
    seen: {
      seenAtMs: async (hash: string) => seen.get(hash) ?? null,
      note: async (hash: string, atMs: number) => void seen.set(hash, atMs),
      forget: async (hash: string) => void seen.delete(hash),
    },
    secret: async () => Buffer.from("secret"),
    termsOf: () => ({ lifetimeMs, offline }),
    now: () => clock.ms,
    elapsed: () => clock.ms,
    onUnasked: (_: unknown, __: unknown, outcome: string) => void unasked.push(outcome),
  };
  const mayPull = async (proofs: Proofs, key: string | null) => (await proofs.find(APP, key)).mayPull;
  return { registry, clock, seen, unasked, mayPull, proofs: new Proofs(parts), again: () => new Proofs(parts) };
}

test("a registry is asked once for all who ask at once, and not again for the lifetime", async () => {
  const { registry, clock, proofs, mayPull } = opened();
  const answers = await Promise.all(Array.from({ length: 50 }, () => mayPull(proofs, "right")));
  expect(new Set(answers)).toEqual(new Set([true]));
  clock.ms += 40_000;
  expect([await mayPull(proofs, "right"), registry.questions]).toEqual([true, ["right"]]);
  expect(proofs.known(APP, "other")).toBeNull();
});

test("a proof that is used is renewed before it ends, while nobody waits; a refusal counts at once", async () => {
  const { registry, clock, proofs, mayPull } = opened();
  await mayPull(proofs, "right");
  registry.keys.clear();
  clock.ms += 50_000;
  expect(proofs.known(APP, "right")?.mayPull).toBe(true);
  expect(registry.questions).toHaveLength(2);
  await Bun.sleep(0);
  expect(await mayPull(proofs, "right")).toBe(false);
  expect(registry.questions).toHaveLength(2);
});

test("a proof that nobody used ends with its lifetime", async () => {
  const { registry, clock, proofs, mayPull } = opened();
  await mayPull(proofs, "right");
  registry.keys.clear();
  clock.ms += 60_000;
  expect(await mayPull(proofs, "right")).toBe(false);
});

test("a refusal is remembered for seconds", async () => {
  const { registry, clock, proofs, mayPull } = opened();
  expect([await mayPull(proofs, "new"), await mayPull(proofs, "new")]).toEqual([false, false]);
  expect(registry.questions).toEqual(["new"]);
  registry.keys.add("new");
  clock.ms += 15_000;
  expect(await mayPull(proofs, "new")).toBe(true);
});

test("who guesses has nobody locked out: known ones go on, unknown ones wait, everybody is asked for", async () => {
  const { registry, clock, proofs, mayPull } = opened();
  await mayPull(proofs, "right");
  for (let at = 0; at < 200; at++) await mayPull(proofs, `guess ${at}`);
  expect(registry.questions).toHaveLength(61);
  expect(await proofs.find(APP, "another")).toEqual({ mayPull: false, isUnasked: true });
  expect([await mayPull(proofs, "right"), await mayPull(proofs, null)]).toEqual([true, false]);
  clock.ms += 60_000;
  expect(await mayPull(proofs, "right")).toBe(true);
});

test.each(["refuse", "seen"] as const)(
  "while a registry cannot be asked: %s; what was public stays so",
  async (offline) => {
    const { registry, seen, unasked, again, proofs, mayPull } = opened({ offline });
    await mayPull(proofs, "right");
    registry.down = true;
    const later = again();
    expect([await mayPull(later, "right"), await mayPull(later, "never")]).toEqual([offline === "seen", false]);
    expect(unasked).toHaveLength(2);
    expect(JSON.stringify([...seen])).not.toContain("right");
    registry.down = false;
    registry.keys.add(null);
    await mayPull(again(), null);
    registry.down = true;
    const last = again();
    expect([await mayPull(last, null), await mayPull(last, "never")]).toEqual([true, true]);
  },
);

test("what the registry has refused since counts no more while it cannot be asked, for everybody and for those who were seen", async () => {
  const { registry, clock, again, proofs, mayPull } = opened({ offline: "seen" });
  registry.keys.add(null);
  expect([await mayPull(proofs, null), await mayPull(proofs, "right")]).toEqual([true, true]);
  // The repository turned private, and the password was changed.
  registry.keys.clear();
  clock.ms += 60_000;
  expect([await mayPull(proofs, null), await mayPull(proofs, "right")]).toEqual([false, false]);
  registry.down = true;
  clock.ms += 60_000;
  for (const later of [proofs, again()]) {
    expect([await mayPull(later, null), await mayPull(later, "right")]).toEqual([false, false]);
  }
  // And the other way round, in the same process.
  registry.down = false;
  registry.keys.add("right");
  clock.ms += 60_000;
  expect(await mayPull(proofs, "right")).toBe(true);
  registry.down = true;
  expect(await mayPull(again(), "right")).toBe(true);
});

test("a list of tags proves nothing once an image is here, nor while the registry is down", async () => {
  const { registry, clock, again, proofs, mayPull } = opened({ offline: "seen" });
  registry.tagsFor.add(null);
  expect(await mayPull(proofs, null)).toBe(true);
  expect(proofs.known(APP, null)?.mayPull).toBe(true);
  proofs.noteCached(nameOf(APP));
  expect(proofs.known(APP, null)).toBeNull();
  // What was asked before the image came may still be answered: it is not kept.
  expect(await mayPull(proofs, null)).toBe(true);
  expect(proofs.known(APP, null)).toBeNull();
  registry.tagsFor.clear();
  expect(await mayPull(proofs, null)).toBe(false);
  registry.tagsFor.add(null);
  clock.ms += 20_000;
  expect(await mayPull(again(), null)).toBe(true);
  registry.down = true;
  expect(await mayPull(again(), null)).toBe(false);
});
