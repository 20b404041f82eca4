import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { AciError } from "./aci-error.ts";
import { armor, unarmor } from "./sign/openpgp-armor.ts";
import { decodeMpis, decodePackets, encodeMpi, encodePacket } from "./sign/openpgp-packets.ts";
import { signDetached } from "./sign/sign-detached.ts";
import { parseSigningKey } from "./sign/signing-key.ts";
import { loadOrMakeSigningKey, readKeyFile } from "./sign/signing-key-file.ts";
import { once } from "./test-image.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "larder-sign-"));
const homes: string[] = [];
afterAll(() => {
  for (const home of homes) Bun.spawnSync(["gpgconf", "--homedir", home, "--kill", "all"]);
  rmSync(folder, { recursive: true, force: true });
});
setDefaultTimeout(60_000); // RSA keys take as long as they take.
const NOW = new Date();
const key = await loadOrMakeSigningKey(join(folder, "aci"), NOW);

/** A GnuPG home of its own; its agent is ended at the end. */
function gpgHome(): (...command: string[]) => { ok: boolean; text: string } {
  const home = mkdtempSync(join(folder, "gpg-"));
  chmodSync(home, 0o700);
  homes.push(home);
  return (...command) => {
    const result = Bun.spawnSync(["gpg", "--homedir", home, "--batch", "--status-fd", "1", ...command]);
    return { ok: result.success, text: result.stdout.toString() + result.stderr.toString() };
  };
}

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe.skipIf(Bun.which("gpg") === null)("with GnuPG", () => {
  test("a signature by larder's own key is good, and bad for other bytes", async () => {
    const gpg = gpgHome();
    expect(gpg("--import", put("public.asc", key.publicKey)).ok).toBe(true);
    const bytes = new Uint8Array(3_000_000).fill(7);
    const content = put("image.aci", bytes);
    const signature = put("image.aci.asc", await signDetached(key, once(bytes), NOW));
    const verified = gpg("--verify", signature, content);
    expect(verified.text).toContain("GOODSIG");
    expect(verified.text).toContain(`VALIDSIG ${key.fingerprint.toUpperCase()}`);
    expect(gpg("--verify", signature, put("other.aci", "else")).text).toContain("BADSIG");
  });

  test("larder's own key can be moved into GnuPG", () => {
    const gpg = gpgHome();
    expect(gpg("--import", join(folder, "aci/signing-key.asc")).ok).toBe(true);
    const listing = gpg("--list-secret-keys", "--with-colons").text;
    expect(listing).toContain("larder ACI signing key");
    expect(listing).toContain(key.fingerprint.toUpperCase());
    expect(listing).toMatch(/^sec:u?-?:3072:1:[^\n]*:scSC/m);
  });

  test("a key made by GnuPG signs, by a subkey if that is the one for it", async () => {
    for (const usage of ["sign", "cert"]) {
      const gpg = gpgHome();
      const noPassphrase = ["--pinentry-mode", "loopback", "--passphrase", ""];
      expect(gpg(...noPassphrase, "--quick-gen-key", "tester <t@example.com>", "rsa2048", usage, "never").ok).toBe(
        true,
      );
      const print = /^fpr:+([0-9A-F]{40}):/m.exec(gpg("--list-keys", "--with-colons").text)?.[1] ?? "";
      if (usage === "cert") {
        expect(gpg(...noPassphrase, "--quick-add-key", print, "ed25519", "sign", "never").ok).toBe(true);
        expect(gpg(...noPassphrase, "--quick-add-key", print, "rsa3072", "sign", "never").ok).toBe(true);
      }
      const exported = join(folder, `${usage}.asc`);
      gpg(...noPassphrase, "--armor", "--output", exported, "--export-secret-keys", print);
      const given = await readKeyFile(exported);
      if (given === null) throw new Error("gpg exported no key");
      expect(given.fingerprint).toBe(print.toLowerCase());

      const other = gpgHome();
      expect(other("--import", put("given.asc", given.publicKey)).ok).toBe(true);
      const signature = put("given.aci.asc", await signDetached(given, once(Buffer.from("x")), new Date()));
      expect(other("--verify", signature, put("given.aci", "x")).text).toContain("GOODSIG");
    }
  });

  test("a key that rkt cannot verify, or with a passphrase, is refused with advice", async () => {
    const cases: [string, string, RegExp][] = [
      ["ed25519", "", /not an RSA key/],
      ["rsa2048", "secret", /protected by a passphrase.*--edit-key/],
    ];
    for (const [algorithm, passphrase, message] of cases) {
      const gpg = gpgHome();
      const loopback = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
      expect(gpg(...loopback, "--quick-gen-key", "tester", algorithm, "sign", "never").ok).toBe(true);
      const exported = join(folder, `${algorithm}-refused.asc`);
      gpg(...loopback, "--armor", "--output", exported, "--export-secret-keys");
      await expect(readKeyFile(exported)).rejects.toThrow(message);
    }
  });
});

test("the key is made once, for its owner alone, however many ask at once", async () => {
  const at = join(folder, "race");
  const keys = await Promise.all(Array.from({ length: 4 }, () => loadOrMakeSigningKey(at, NOW)));
  expect(new Set(keys.map(({ fingerprint }) => fingerprint)).size).toBe(1);
  expect(readdirSync(at)).toEqual(["signing-key.asc"]);
  expect(statSync(join(at, "signing-key.asc")).mode & 0o777).toBe(0o600);
});

test("a folder that cannot be written leaves an error, not a key", async () => {
  const blocked = join(folder, "blocked");
  mkdirSync(blocked);
  writeFileSync(join(blocked, "aci"), "a file");
  await expect(loadOrMakeSigningKey(join(blocked, "aci"), NOW)).rejects.toThrow();
});

test("a key file that is not there, empty, public, damaged or doubled is told apart", async () => {
  const text = readFileSync(join(folder, "aci/signing-key.asc"), "utf8");
  expect(await readKeyFile(join(folder, "none"))).toBeNull();
  const flip = text.replace(/\n([A-Za-z0-9])/, (_, letter: string) => `\n${letter === "A" ? "B" : "A"}`);
  for (const bad of ["", key.publicKey, flip, text.slice(0, 900), text + text]) {
    expect(() => parseSigningKey(bad, "the file")).toThrow(AciError);
  }
});

test("any change of a key file is refused by an AciError or does not matter, and shows nothing of the key", () => {
  const text = readFileSync(join(folder, "aci/signing-key.asc"), "utf8");
  const packets = unarmor("PRIVATE KEY BLOCK", text, "test");
  fc.assert(
    fc.property(
      fc.nat(packets.length - 1),
      fc.nat(255),
      fc.integer({ min: 1, max: packets.length }),
      (at, byte, length) => {
        const bad = packets.slice(0, length);
        bad[Math.min(at, length - 1)] = byte;
        try {
          parseSigningKey(armor("PRIVATE KEY BLOCK", bad), "the file");
        } catch (error) {
          expect(error).toBeInstanceOf(AciError);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("armor, packets and integers come back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat(63), (bytes, tag) => {
      expect(unarmor("SIGNATURE", armor("SIGNATURE", bytes), "test")).toEqual(Buffer.from(bytes));
      const [packet] = decodePackets(encodePacket(tag, bytes), "test");
      expect([packet?.tag, Buffer.from(packet?.body ?? []).toString("hex")]).toEqual([
        tag,
        Buffer.from(bytes).toString("hex"),
      ]);
      const [value] = decodeMpis(encodeMpi(bytes), 0, 1, "test").values;
      expect(Buffer.from(value ?? []).toString("hex")).toBe(
        Buffer.from(bytes)
          .toString("hex")
          .replace(/^(?:00)+/, ""),
      );
    }),
  );
  for (const length of [191, 192, 8383, 8384, 70_000]) {
    expect(decodePackets(encodePacket(2, new Uint8Array(length)), "test")[0]?.body.length).toBe(length);
  }
});
