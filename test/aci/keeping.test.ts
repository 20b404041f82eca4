import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { outputOf, runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { childrenOf, download, get, kept, push, signatureOf } from "./aci-larder.ts";
import { until } from "../until.ts";

const MIB = 1 << 20;
const lab = requirement("skopeo", "gpg", ...IMAGE_NEEDS);

describe.skipIf(!lab.met)("converted ACIs", () => {
  let folder: string;
  let image: BuiltImage;
  let large: BuiltImage;
  let larder: LarderProcess;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    image = await buildImage(folder, { name: "small" });
    large = await buildImage(folder, { name: "large", dataBytes: 100 * MIB });
    larder = await startLarder({ dataFolder: join(folder, "data") });
    await push(larder, image, "team/app:1");
    await push(larder, large, "team/large:1");
  });
  afterAll(async () => {
    await larder?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function restart(...more: string[]): Promise<void> {
    await larder.stop();
    larder = await startLarder({ dataFolder: join(folder, "data"), arguments: more });
  }

  async function verify(aci: string, signature: string, publicKey: string): Promise<string> {
    const home = await mkdtemp(join(folder, "gpg-"));
    const gpg = (...words: string[]) => outputOf(["gpg", "--homedir", home, "--batch", "--status-fd", "1", ...words]);
    await writeFile(join(home, "key"), publicKey);
    await writeFile(join(home, "asc"), signature);
    await gpg("--import", join(home, "key"));
    const said = await gpg("--verify", join(home, "asc"), aci);
    await outputOf(["gpgconf", "--homedir", home, "--kill", "all"]);
    return said;
  }

  test("outlive a restart", async () => {
    const before = await get(larder, "/aci/team/app:1.aci");
    await before.arrayBuffer();
    const [file = ""] = await kept(larder, ".aci");
    const { mtimeMs } = await stat(join(larder.dataFolder, "aci/converted", file));
    await restart();
    const after = await get(larder, "/aci/team/app:1.aci");
    expect(after.headers.get("etag")).toBe(before.headers.get("etag"));
    expect((await stat(join(larder.dataFolder, "aci/converted", file))).mtimeMs).toBe(mtimeMs);
  });

  test("whose file was cut short or taken away are made again", async () => {
    const path = async () => join(larder.dataFolder, "aci/converted", (await kept(larder, ".aci"))[0] ?? "");
    const whole = (await (await get(larder, "/aci/team/app:1.aci")).arrayBuffer()).byteLength;
    await truncate(await path(), 100);
    expect((await (await get(larder, "/aci/team/app:1.aci")).arrayBuffer()).byteLength).toBe(whole);
    await rm(join(larder.dataFolder, "aci/converted"), { recursive: true });
    expect((await (await get(larder, "/aci/team/app:1.aci")).arrayBuffer()).byteLength).toBe(whole);
  });

  test("are signed again when another key is given, and not converted again", async () => {
    const home = await mkdtemp(join(folder, "gpg-"));
    const gpg = (...words: string[]) => outputOf(["gpg", "--homedir", home, "--batch", "--passphrase", "", ...words]);
    await gpg("--quick-generate-key", "Team <team@example.com>", "rsa2048", "sign", "never");
    const key = join(folder, "team.asc");
    await writeFile(key, await gpg("--armor", "--export-secret-keys"));
    await outputOf(["gpgconf", "--homedir", home, "--kill", "all"]);

    const aci = join(folder, "app.aci");
    const before = await download(larder, "/aci/team/app:1.aci", aci);
    // Larder is started in the folder of temporary files; its conversions run elsewhere.
    await restart("--aci-key", relative(tmpdir(), key));
    expect((await get(larder, "/aci/team/app:1.aci.asc")).status).toBe(202);
    const signature = await signatureOf(larder, "/aci/team/app:1.aci");
    const publicKey = await (await get(larder, "/aci/pubkeys.gpg")).text();
    expect(await verify(aci, signature, publicKey)).toContain("Team <team@example.com>");
    expect((await get(larder, "/aci/team/app:1.aci")).headers.get("etag")).toBe(before.headers.get("etag"));
    await restart();
  });

  test("end with larder: a kill in the midst leaves neither process nor half a file", async () => {
    const answer = get(larder, "/aci/team/large:1.aci").catch(() => null);
    await until("a part is written", async () => (await kept(larder, ".part")).length > 0);
    const children = await childrenOf(larder);
    expect(children.length).toBe(1);
    await larder.kill();
    await answer;
    await until("the conversion has ended", () => children.every((pid) => !existsSync(`/proc/${pid}`)));
    const drafts = ["signing-key.asc.old", "signing-key.asc.new"].map((name) => join(larder.dataFolder, "aci", name));
    for (const draft of drafts) await writeFile(draft, "");
    await utimes(drafts[0] ?? "", 0, 0);
    larder = await startLarder({ dataFolder: join(folder, "data") });
    // At the start, not at the first request.
    expect(await kept(larder, ".part")).toEqual([]);
    expect(drafts.map((draft) => existsSync(draft))).toEqual([false, true]);
  });

  test("that an older larder made in another way are removed and made anew", async () => {
    const path = "/aci/team/app:1.aci";
    const tag = (await get(larder, path)).headers.get("etag");
    const at = (name: string) => join(larder.dataFolder, "aci/converted", name);
    const old = (await kept(larder)).map((name) => ({ name, older: name.replace(/-v\d+\./, "-v1.") }));
    expect(old.every(({ name, older }) => name !== older)).toBe(true);
    for (const { name, older } of old) {
      await copyFile(at(name), at(older));
      await rename(at(name), at(older.replace("-v1.", ".")));
    }
    await restart();
    expect(await kept(larder)).toEqual([]);
    expect((await get(larder, path)).headers.get("etag")).toBe(tag);
    expect((await kept(larder, ".aci")).length).toBe(1);
  });

  test("are given up at once when larder is stopped", async () => {
    const answer = get(larder, "/aci/team/large:1.aci").catch(() => null);
    await until("a part is written", async () => (await kept(larder, ".part")).length > 0);
    const children = await childrenOf(larder);
    expect(await larder.stop()).toBe(0);
    // Whoever asked has no ACI: larder did not wait for it.
    expect((await answer)?.status ?? 503).toBe(503);
    expect(children.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(await kept(larder, ".part")).toEqual([]);
    larder = await startLarder({ dataFolder: join(folder, "data") });
  });

  test("and their signatures are asked for again after a failure, which is told with its reason", async () => {
    await push(larder, image, "team/keyless:1");
    const path = "/aci/team/keyless:1.aci";
    const key = join(larder.dataFolder, "aci/signing-key.asc");
    const tell = async (asked: string) => {
      const answer = await get(larder, asked);
      return [answer.status, await answer.text()];
    };
    // Known to larder: one that was never there would be made.
    expect((await get(larder, "/aci/pubkeys.gpg")).status).toBe(200);
    await rename(key, `${key}-away`);
    const unsigned = [503, expect.stringMatching(/cannot be signed.*signing-key\.asc/)];
    expect(await tell(path)).toEqual(unsigned);
    await writeFile(key, "no key");
    expect(await tell(`${path}.asc`)).toEqual(unsigned);
    expect(await tell(path)).toEqual(unsigned);
    await rename(`${key}-away`, key);
    expect([200, 202]).toContain((await get(larder, `${path}.asc`)).status);
    expect((await get(larder, path)).status).toBe(200);
    expect((await get(larder, `${path}.asc`)).status).toBe(200);
  });

  test("are given up a while after the last one who waited has left", async () => {
    await push(larder, large, "team/left:1");
    const leaving = [new AbortController(), new AbortController()];
    const answers = leaving.map(({ signal }) =>
      fetch(`${larder.url}/aci/team/left:1.aci`, { signal }).catch(() => null),
    );
    await until("a part is written", async () => (await kept(larder, ".part")).length > 0);
    const [child = ""] = await childrenOf(larder);
    // Stopped, it would go on for ever for those who wait.
    process.kill(Number(child), "SIGSTOP");
    for (const one of leaving) one.abort();
    await Promise.all(answers);
    await until("the conversion has ended", () => !existsSync(`/proc/${child}`));
    await until("nothing of it is left", async () => (await kept(larder, ".part")).length === 0);
    expect((await get(larder, "/aci/team/left:1.aci")).status).toBe(200);
  }, 120_000);

  test("go when there are too many bytes of them, the least recently used first", async () => {
    await restart("--aci-keep", "13MB");
    const names = ["one", "two", "three", "four"];
    const tagOf = async (name: string) => {
      const answer = await get(larder, `/aci/team/${name}:1.aci`);
      await answer.arrayBuffer();
      return answer.headers.get("etag");
    };
    for (const name of names) await push(larder, image, `team/${name}:1`);
    for (const name of ["one", "two", "three"]) await tagOf(name);
    await tagOf("one");
    const before = await kept(larder, ".aci");
    await tagOf("four");
    const after = await kept(larder, ".aci");
    expect(after.length).toBeLessThanOrEqual(3);
    const [gone] = before.filter((name) => !after.includes(name));
    expect(gone).toBeDefined();
    // "one" was used last: it is the same file as before, and "two" is made anew.
    await tagOf("one");
    expect(await kept(larder, ".aci")).toEqual(after);
    await tagOf("two");
    expect(await kept(larder, ".aci")).not.toEqual(after);
    const sizes = await Promise.all(
      (await kept(larder, ".aci")).map((name) => stat(join(larder.dataFolder, "aci/converted", name))),
    );
    expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(13e6);
  });

  test("are not made of a layer that rotted on the disk", async () => {
    await push(larder, image, "team/rotten:1");
    const layers = await readdir(join(larder.dataFolder, "blobs/sha256"), { recursive: true });
    const sizes = await Promise.all(
      layers.map(async (name) => ({ name, size: (await stat(join(larder.dataFolder, "blobs/sha256", name))).size })),
    );
    const layer = sizes.filter(({ size }) => size > 3 * MIB && size < 4 * MIB)[0]?.name ?? "";
    const path = join(larder.dataFolder, "blobs/sha256", layer);
    await copyFile(path, join(folder, "sound"));
    const bytes = await readFile(path);
    // The last byte of a gzip member is of its length, which is checked by few; so is what follows.
    await writeFile(path, bytes.with(9, bytes[9] === 3 ? 255 : 3));
    const answer = await get(larder, "/aci/team/rotten:1.aci");
    expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining("damaged")]);
    await copyFile(join(folder, "sound"), path);
  });
});

const disk = requirement("root", "mount", "umount", "skopeo", ...IMAGE_NEEDS);

describe.skipIf(!disk.met)("on a full disk", () => {
  test("an ACI that does not fit is refused with 507, and nothing of it stays", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    const data = await mkdtemp(join(tmpdir(), "larder-aci-disk-"));
    await outputOf(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", data]);
    const larder = await startLarder({ dataFolder: data });
    try {
      await push(larder, await buildImage(folder, { name: "fits-once", dataBytes: 11 * MIB }), "team/app:1");
      const answer = await get(larder, "/aci/team/app:1.aci");
      expect([answer.status, await answer.text()]).toEqual([507, expect.stringContaining("full")]);
      expect(await kept(larder)).toEqual([]);
      expect((await get(larder, "/v2/team/app/manifests/1")).status).toBe(200);
    } finally {
      await larder.stop();
      await outputOf(["umount", data]);
      for (const each of [folder, data]) await rm(each, { recursive: true });
    }
  });
});

describe.skipIf(!disk.met)("on a file system that became read-only", () => {
  test("an ACI is refused with 503 and the reason, and made when it is writable again", async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-aci-"));
    const larder = await startLarder({ dataFolder: join(folder, "data") });
    const acis = join(larder.dataFolder, "aci");
    try {
      const image = await buildImage(folder, { name: "small" });
      for (const tag of [1, 2]) await push(larder, image, `team/app:${tag}`);
      expect((await get(larder, "/aci/team/app:1.aci")).status).toBe(200);
      await outputOf(["mount", "--bind", acis, acis]);
      await outputOf(["mount", "-o", "remount,bind,ro", acis]);
      for (const path of ["/aci/team/app:2.aci", "/aci/team/app:2.aci.asc"]) {
        const answer = await get(larder, path);
        expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining("read-only")]);
      }
      expect((await get(larder, "/aci/team/app:1.aci")).status).toBe(200);
      await outputOf(["mount", "-o", "remount,bind,rw", acis]);
      expect((await get(larder, "/aci/team/app:2.aci")).status).toBe(200);
    } finally {
      await larder.stop();
      await runCommand(["umount", acis]);
      await rm(folder, { recursive: true });
    }
  });
});

test("a key or a folder that cannot be used is told when larder starts", async () => {
  const wrong: [string, string, RegExp][] = [
    ["--aci-key", "/nowhere/key.asc", /key\.asc/],
    ["--aci-key", import.meta.path, /armored/],
    ["--aci-files", "/nowhere", /nowhere/],
    ["--aci-files", import.meta.path, /no folder/],
    ["--aci-keep", "much", /500MB/],
  ];
  const dataFolder = await mkdtemp(join(tmpdir(), "larder-aci-"));
  for (const [flag, value, message] of wrong) {
    await expect(startLarder({ dataFolder, arguments: [flag, value] })).rejects.toThrow(message);
  }
  await rm(dataFolder, { recursive: true });
});
