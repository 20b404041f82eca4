import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Digest, digestOf } from "../../../oci/digest.ts";
import type { RepositoryName } from "../../../oci/repository-name.ts";
import type { Tag } from "../../../oci/tag.ts";
import { openSqliteMetadata } from "../metadata-sqlite.ts";
import initial from "./0001-initial.sql.ts";

const TYPE = "application/vnd.oci.image.manifest.v1+json";
const OWN = "docker.io/library/own" as RepositoryName;

/** A database as version 0.1 left it. */
class OldDatabase {
  readonly #database: Database;

  constructor(path: string) {
    this.#database = new Database(path, { strict: true });
    this.#database.run("PRAGMA foreign_keys = ON");
    this.#database.run(initial);
    this.#database.run("PRAGMA user_version = 1");
  }

  put(repository: string, text: string, ...tags: readonly (readonly [string, "pushed" | "cached"])[]): Digest {
    const [digest, blob] = [digestOf(text), digestOf(`blob of ${text}`)];
    const run = (sql: string, ...values: (string | number)[]) =>
      this.#database.run(`INSERT OR IGNORE INTO ${sql}`, values);
    run("manifest VALUES (?, ?, CAST(? AS BLOB))", digest, TYPE, text);
    run("manifest_reference VALUES (?, ?)", digest, blob);
    run("repository_manifest VALUES (?, ?, NULL, 1, NULL)", repository, digest);
    run("blob VALUES (?, 5)", blob);
    run("repository_blob VALUES (?, ?, 0)", repository, blob);
    for (const [name, kind] of tags)
      run("tag VALUES (?, ?, ?, ?, 1, 1)", repository, name, kind === "pushed" ? 1 : 0, digest);
    return digest;
  }

  close(): void {
    this.#database.close();
  }
}

test("what was pushed to docker.io/NAME is docker.io/library/NAME from now on, and what was there stays", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-migration-"));
  const path = join(folder, "larder.db");
  const old = new OldDatabase(path);
  const mine = old.put("docker.io/own", "mine", ["dev", "pushed"], ["both", "cached"], ["mixed", "pushed"]);
  const theirs = old.put("docker.io/library/own", "theirs", ["both", "cached"], ["mixed", "cached"]);
  old.put("docker.io/team/own", "of a team", ["1", "pushed"]);
  old.put("local/own", "local", ["1", "pushed"]);
  old.put("quay.io/own", "elsewhere", ["1", "pushed"]);
  old.close();
  const store = openSqliteMetadata(path);
  const digestOfTag = async (name: string) => (await store.tags.getTagged(OWN, name as Tag))?.manifest.digest;
  expect(await digestOfTag("dev")).toBe(mine);
  expect(await digestOfTag("both")).toBe(theirs);
  expect(await digestOfTag("mixed")).toBe(mine);
  for (const text of ["mine", "theirs"]) {
    expect(await store.manifests.getManifest(OWN, digestOf(text))).not.toBeNull();
    expect(await store.links.findLink([OWN], digestOf(`blob of ${text}`))).toMatchObject({ size: 5, touchedAtMs: 0 });
  }
  const names = await store.repositories.listRepositories(null, { after: null, limit: 100 });
  expect(names as readonly string[]).toEqual([OWN, "docker.io/team/own", "local/own", "quay.io/own"]);
  await store.collection.collectLinks(1_000_000);
  expect(await store.links.findLink([OWN], digestOf("blob of mine"))).not.toBeNull();
  await store.close();
  await rm(folder, { recursive: true });
});
