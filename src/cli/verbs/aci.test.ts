import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { directory, file, layerTar, symlink, whiteout, writeLayout } from "../../aci/test-image.fixture.ts";
import { aciCommand } from "./aci.ts";
import { CommandFailure } from "../../lib/command/command-io.ts";

const folder = mkdtempSync(join(tmpdir(), "larder-cli-aci-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `larder aci …` and gives what it wrote to stdout. */
async function aci(...words: string[]): Promise<string> {
  let out = "";
  const io = {
    stdout: { isTerminal: false, write: (text: string) => void (out += text) },
    stderr: { isTerminal: false, write: () => {} },
    environment: { TMPDIR: folder },
    signal: new AbortController().signal,
  };
  await new Command("larder")
    .exitOverride()
    .addCommand(aciCommand(io))
    .parseAsync(["aci", ...words], { from: "user" });
  return out;
}

const layout = join(folder, "layout");
mkdirSync(layout);
writeLayout(layout, [
  await layerTar([directory("bin"), file("bin/true", "#!"), symlink("lib", "bin"), file("gone")]),
  await layerTar([whiteout("gone"), file("added")]),
]);

const has = (program: string) => Bun.which(program) !== null;

function check(command: string[]): string {
  const result = Bun.spawnSync(command);
  if (!result.success) throw new Error(`${command.join(" ")}: ${result.stderr.toString()}`);
  return result.stdout.toString();
}

describe("larder aci convert", () => {
  test.skipIf(!has("actool"))("makes a valid ACI of an OCI layout, named as told", async () => {
    const out = join(folder, "one");
    const [made] = JSON.parse(
      await aci("convert", `oci:${layout}:test`, "--name", "example.com/team/app", "--out", out, "--json"),
    );
    expect(made).toMatchObject({ file: join(out, "team-app-test.aci"), name: "example.com/team/app" });
    expect(made.imageId).toMatch(/^sha512-[0-9a-f]{128}$/);
    check(["actool", "validate", made.file]);
    expect(readdirSync(out)).toEqual(["team-app-test.aci"]);
    const files = check(["tar", "-tf", made.file]).split("\n");
    expect(files).toContain("rootfs/added");
    expect(files).not.toContain("rootfs/gone");
  });

  test.skipIf(!has("skopeo") || !has("actool"))(
    "makes the same of a Docker archive, under the name in it",
    async () => {
      const archive = join(folder, "image.tar");
      check(["skopeo", "copy", "-q", `oci:${layout}:test`, `docker-archive:${archive}:quay.io/coreos/flannel:0.5.5`]);
      const made = (await aci("convert", `docker-archive:${archive}`, "--out", join(folder, "two"))).trim();
      expect(made).toBe(join(folder, "two/coreos-flannel-0.5.5.aci"));
      check(["actool", "validate", made]);
      expect(JSON.parse(await aci("ls", "--json", join(folder, "two")))).toMatchObject([
        { name: "quay.io/coreos/flannel", version: "0.5.5", os: "linux", arch: "amd64", isSigned: false, file: made },
      ]);
    },
  );

  test.skipIf(!has("actool"))("makes one ACI for each layer with --no-squash, uncompressed if told", async () => {
    const out = join(folder, "layers");
    const flags = ["--no-squash", "--compression", "none", "--name", "example.com/app", "--out", out];
    const made = (await aci("convert", `oci:${layout}`, ...flags)).trim().split("\n");
    expect(made).toEqual([join(out, "app-test-layer-1.aci"), join(out, "app-test.aci")]);
    for (const path of made) check(["actool", "validate", path]);
    const manifest = JSON.parse(check(["tar", "-xOf", join(out, "app-test.aci"), "manifest"]));
    expect(manifest.pathWhitelist).toContain("/added");
    expect(manifest.pathWhitelist).not.toContain("/gone");
  });

  test("says what is wrong, and leaves nothing behind", async () => {
    const out = join(folder, "bad");
    const wrong: [string[], RegExp, number][] = [
      [["convert", `oci:${layout}:test`], /has no name.*--name/, 2],
      [["convert", `oci:${layout}:test`, "--name", "Not Valid"], /not an ACI name/, 2],
      [["convert", `oci:${layout}:test`, "--name", "a/b", "--arch", "arm64"], /nothing for linux\/arm64/, 1],
      [["convert", `oci:${layout}:other`, "--name", "a/b"], /other/, 1],
      [["convert", `oci:${join(folder, "none")}`, "--name", "a/b"], /none/, 1],
    ];
    for (const [words, message, exitStatus] of wrong) {
      const failure = await aci(...words, "--out", out).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CommandFailure);
      expect((failure as CommandFailure).message).toMatch(message);
      expect((failure as CommandFailure).exitStatus).toBe(exitStatus as 1 | 2);
    }
    expect(existsSync(out) ? readdirSync(out) : []).toEqual([]);
  });

  test("leaves no file when a layer turns out to be damaged", async () => {
    const broken = join(folder, "broken");
    mkdirSync(broken);
    writeLayout(broken, [Buffer.from("this is no tar".repeat(100))]);
    const out = join(folder, "broken-out");
    await expect(aci("convert", `oci:${broken}`, "--name", "a/b", "--out", out)).rejects.toThrow(/layer 1/);
    expect(readdirSync(out)).toEqual([]);
  });
});

describe.skipIf(!has("gpg"))("larder aci sign and key", () => {
  test("give what gpg verifies", async () => {
    const data = join(folder, "data");
    const path = join(folder, "signed.aci");
    writeFileSync(path, "any bytes");
    expect(await aci("sign", path, "--data", data)).toBe(`${path}.asc\n`);
    const home = mkdtempSync(join(folder, "gpg-"));
    const gpg = (...words: string[]) => check(["gpg", "--homedir", home, "--batch", "--status-fd", "1", ...words]);
    writeFileSync(join(folder, "pub.asc"), await aci("key", "--data", data));
    gpg("--import", join(folder, "pub.asc"));
    expect(gpg("--verify", `${path}.asc`, path)).toContain("GOODSIG");
    Bun.spawnSync(["gpgconf", "--homedir", home, "--kill", "all"]);
    expect(readFileSync(join(data, "aci/signing-key.asc"), "utf8")).toContain("PRIVATE KEY");
  });

  test("refuse a key that is not there", async () => {
    await expect(aci("key", "--key", join(folder, "none.asc"))).rejects.toThrow(/does not exist/);
  });

  test("never make a key that nobody asked for, and say where one could be", async () => {
    const before = readdirSync(".");
    for (const words of [["key"], ["sign", join(folder, "signed.aci")]]) {
      const failure = await aci(...words, "--registry", "127.0.0.1:1").catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(CommandFailure);
      expect((failure as CommandFailure).message).toMatch(/start larder.*--registry.*--data DIR.*--key FILE/);
      expect((failure as CommandFailure).exitStatus).toBe(1);
    }
    expect(readdirSync(".")).toEqual(before);
  });

  test("make one key when several ask for the first one at once", async () => {
    const data = join(folder, "fresh");
    const keys = await Promise.all(Array.from({ length: 4 }, () => aci("key", "--data", data)));
    expect(new Set(keys).size).toBe(1);
    expect(readdirSync(join(data, "aci"))).toEqual(["signing-key.asc"]);
  });
});

test("larder aci ls refuses what is no ACI", async () => {
  const path = join(folder, "no.aci");
  writeFileSync(path, await layerTar([file("rootfs/a")]));
  await expect(aci("ls", path)).rejects.toThrow(/no manifest/);
});
