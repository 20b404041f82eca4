import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { requirement } from "../../test/requirement.ts";
import { json, testManifest, writeLayout } from "./test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "./transports.fixture.ts";

const lab = requirement("namespaces");

describe.skipIf(!lab.met)("a full disk", () => {
  let folder: string;
  let small: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-full-"));
    small = join(folder, "small");
    await mkdir(small);
    const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
    if (!mounted.success) throw new Error(mounted.stderr.toString());
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    const layers = Array.from({ length: 40 }, (_, at) => Buffer.concat([noise, Buffer.from([at])]));
    await writeLayout(join(folder, "app"), [{ image: testManifest(json({}), layers), name: "app:1" }]);
  });
  afterAll(async () => {
    Bun.spawnSync(["umount", small]);
    await rm(folder, { recursive: true });
  });

  for (const transport of ["oci-archive", "docker-archive", "oci", "dir"]) {
    test(`${transport}: says so, and no image is to be seen`, async () => {
      const path = join(small, transport);
      const copy = async () =>
        copyEverything(openFileSource(`oci:${join(folder, "app")}`, folder), openFileSink(`${transport}:${path}`));
      await expect(copy()).rejects.toThrow(
        new RegExp(`^${transport}:.*: there is no space left on the disk \\(ENOSPC\\)$`),
      );
      const left = await readdir(small, { recursive: true });
      expect(left.filter((name) => /index.json|manifest.json|\.larder-|archive/.test(name))).toEqual([]);
      await rm(path, { recursive: true, force: true });
    });
  }

  test("a compressed archive that does not fit where it is kept meanwhile says where that is", async () => {
    const archive = join(folder, "app.tar");
    await copyEverything(openFileSource(`oci:${join(folder, "app")}`, folder), openFileSink(`oci-archive:${archive}`));
    await Bun.write(`${archive}.gz`, gzipSync(await Bun.file(archive).bytes()));
    const opening = openFileSource(`oci-archive:${archive}.gz`, small);
    await expect(opening).rejects.toThrow(`(kept in ${small} while it is read): there is no space left on the disk`);
    expect(await readdir(small)).toEqual([]);
  });
});
