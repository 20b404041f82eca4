import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RepositoryName } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";
import { tagListsContract } from "./tag-lists.contract.ts";

tagListsContract("tag lists in memory", async () => memoryMetadata());

tagListsContract("tag lists in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-tag-lists-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});

test("a tag list in SQLite outlives larder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-tag-lists-"));
  const path = join(folder, "larder.db");
  const name = "registry.test/app" as RepositoryName;
  const list = { tags: ["1", "2"].map(parseTag), isCut: false, fetchedAtMs: 7 };
  const first = openSqliteMetadata(path);
  await first.tagLists.putTagList(name, list);
  await first.close();
  const second = openSqliteMetadata(path);
  expect(await second.tagLists.getTagList(name)).toEqual(list);
  await second.close();
  await rm(folder, { recursive: true });
});
