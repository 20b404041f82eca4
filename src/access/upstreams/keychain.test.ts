import { expect, test } from "bun:test";
import type { Namespace } from "../../oci/repository-name.ts";
import { Keychain } from "./keychain.ts";

const [ONE, OTHER] = ["one.test", "other.test"] as [Namespace, Namespace];
const basic = (username: string, password: string) => ({ kind: "basic", username, password }) as const;

test("credentials are shown to the registry alone that they were meant for, and for a while", async () => {
  const clock = { ms: 0 };
  const keychain = new Keychain(
    async () => Buffer.from("secret"),
    () => clock.ms,
  );
  const key = await keychain.add(basic("a", "b"));
  expect([keychain.has(key), keychain.find(key, ONE)]).toEqual([true, null]);
  keychain.mean(key, ONE);
  expect([keychain.find(key, ONE), keychain.find(key, OTHER)]).toEqual([basic("a", "b"), null]);
  expect([keychain.isMeant(key, ONE), keychain.isMeant(key, OTHER)]).toEqual([true, false]);
  // Each use begins the time anew.
  clock.ms += 20 * 60_000;
  expect(keychain.find(key, ONE)).not.toBeNull();
  clock.ms += 20 * 60_000;
  expect(keychain.has(key)).toBe(true);
  clock.ms += 31 * 60_000;
  expect([keychain.has(key), keychain.find(key, ONE)]).toEqual([false, null]);
});

test("a key tells credentials apart, and nothing of them; the same have the same, with the same secret", async () => {
  const of = (secret: string) =>
    new Keychain(
      async () => Buffer.from(secret),
      () => 0,
    );
  const all = [basic("a", "b:c"), basic("a:b", "c"), basic("a", "b"), { kind: "bearer", token: "a" } as const];
  const keys = await Promise.all(all.map((one) => of("s").add(one)));
  expect(new Set(keys).size).toBe(all.length);
  expect(await of("s").add(basic("a", "b"))).toBe(keys[2] ?? "");
  expect(await of("t").add(basic("a", "b"))).not.toBe(keys[2] ?? "");
  for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/);
});
