import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../oci/digest.ts";
import { newUploadId } from "../blobs.ts";
import { DiskReserve } from "./disk-reserve.ts";
import { FolderGuard } from "./folder-guard.ts";
import { SqliteDatabase } from "../sqlite/sqlite-database.ts";
import { FilesystemSpool } from "./spool-filesystem.ts";

let parent: string;
let folder: string;
let guard: FolderGuard;
let told: (string | null)[];
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "larder-guard-"));
  folder = join(parent, "data");
  told = [];
  guard = new FolderGuard(folder, (problem) => told.push(problem));
  await writeFile(join(folder, "larder.db"), "");
  guard.watch("larder.db");
});
afterEach(async () => {
  guard.close();
  await rm(parent, { recursive: true });
});

const away = () => join(parent, "away");

describe.each([
  ["the folder was removed", () => rename(folder, away()), ""],
  [
    "another folder is in its place",
    async () => {
      await rename(folder, away());
      await cp(away(), folder, { recursive: true });
    },
    "",
  ],
  ["its database was removed", () => rename(join(folder, "larder.db"), away()), "larder.db"],
  [
    "another database is in its place",
    async () => {
      await rename(join(folder, "larder.db"), away());
      await cp(away(), join(folder, "larder.db"));
    },
    "larder.db",
  ],
  ["its blobs were removed", () => rename(join(folder, "blobs"), away()), "blobs"],
  [
    "other blobs are in their place",
    async () => {
      await rename(join(folder, "blobs"), away());
      await mkdir(join(folder, "blobs"));
    },
    "blobs",
  ],
  ["its uploads were removed", () => rename(join(folder, "uploads"), away()), "uploads"],
])("when %s", (_what, move, name) => {
  test("writing is refused, told once, and goes on when all is as it was", async () => {
    guard.confirm();
    expect(guard.problem).toBeNull();
    await move();
    for (let look = 0; look < 3; look++) expect(() => guard.confirm()).toThrow(join(folder, name));
    expect(guard.problem).toContain("restart larder");
    expect(told).toEqual([guard.problem]);
    await rm(join(folder, name), { recursive: true, force: true });
    await rename(away(), join(folder, name));
    guard.confirm();
    expect(told).toEqual([told[0] ?? "", null]);
  });
});

test("a transaction in a database that lost its name is not taken for durable", async () => {
  const database = new SqliteDatabase(join(folder, "larder.db"), null, guard);
  guard.watch("larder.db-wal");
  const write = () => database.query("INSERT INTO blob (digest, size) VALUES ('x', 1) ON CONFLICT DO NOTHING").run();
  await database.durably(write);
  await rm(join(folder, "larder.db-wal"));
  await expect(database.durably(write)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(database.freeing(write)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  database.close();
});

test("a transaction during which the database loses its name is not taken for durable", async () => {
  const database = new SqliteDatabase(join(folder, "larder.db"), null, guard);
  const written = database.durably(() => database.query("DELETE FROM blob").run());
  // At once: the transaction must not have ended before.
  rmSync(folder, { recursive: true });
  await expect(written).rejects.toMatchObject({ code: "UNAVAILABLE" });
  database.close();
});

describe("an upload", () => {
  const bytes = new TextEncoder().encode("a layer");
  const chunks = async function* () {
    yield bytes;
  };

  test("is neither begun nor goes on in a folder that larder did not open", async () => {
    const uploads = new FilesystemSpool(folder, new DiskReserve(folder), guard);
    const id = newUploadId();
    await uploads.create(id, "sha256");
    await uploads.append(id, chunks(), 1000);
    await rename(folder, away());
    await cp(away(), folder, { recursive: true });
    expect(guard.problem).not.toBeNull();
    await expect(uploads.create(newUploadId(), "sha256")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(uploads.append(id, chunks(), 1000)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(uploads.seal(id, digestOf(bytes))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  test("is not taken for stored when the folder went while its last bytes came", async () => {
    const uploads = new FilesystemSpool(folder, new DiskReserve(folder), guard);
    const id = newUploadId();
    await uploads.create(id, "sha256");
    const going = async function* () {
      yield bytes;
      await rm(folder, { recursive: true });
    };
    await expect(uploads.append(id, going(), 1000)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});
