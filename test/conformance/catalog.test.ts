import { beforeAll, expect, test } from "bun:test";
import { freshName, makeBlob, makeIndex } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { pushBlob, pushManifest, type Reply, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

/** In the order of their bytes. */
const NAMES = ["cat/a-b", "cat/a.b", "cat/a/b", "cat/a0", "cat/a_b", "cat/b", "cat0/a", "cat10", "cat9"];

const registry = registryUnderTest();
beforeAll(async () => {
  for (const name of [...NAMES].sort(() => 0.5 - Math.random())) {
    await pushManifest(registry.url, name, makeIndex([]), "latest");
  }
});

async function catalog(query = ""): Promise<Reply> {
  return await send("GET", `${registry.url}/v2/_catalog${query}`);
}

/** The names without the namespace that larder's full names begin with. */
function namesOf(reply: Reply): string[] {
  expect(reply.status, reply.text).toBe(200);
  expect(reply.headers.get("content-type")).toStartWith("application/json");
  return (JSON.parse(reply.text) as { repositories: string[] }).repositories.map((name) => name.replace("local/", ""));
}

function nextOf(reply: Reply): string | null {
  const link = reply.headers.get("link");
  return link === null ? null : new URL(/<([^>]+)>;\s*rel="?next"?/.exec(link)?.[1] ?? "", registry.url).href;
}

test("the catalog has every repository, in the order of bytes", async () => {
  expect(namesOf(await catalog()).filter((name) => name.startsWith("cat"))).toEqual(NAMES);
});

test.each([1, 2, 4])("the catalog in pages of %d is complete when the Links are followed", async (n) => {
  const seen: string[] = [];
  let reply = await catalog(`?n=${n}`);
  for (;;) {
    const names = namesOf(reply);
    expect(names.length).toBeLessThanOrEqual(n);
    seen.push(...names);
    const next = nextOf(reply);
    if (next === null) break;
    reply = await send("GET", next);
  }
  expect(seen).toEqual(namesOf(await catalog()));
});

test("the catalog behind last has the later names", async () => {
  const all = (JSON.parse((await catalog()).text) as { repositories: string[] }).repositories;
  const reply = await catalog(`?last=${encodeURIComponent(all[3] ?? "")}`);
  expect((JSON.parse(reply.text) as { repositories: string[] }).repositories).toEqual(all.slice(4));
  expect(nextOf(reply)).toBeNull();
});

test("the catalog takes no n that is no number", async () => {
  for (const n of ["-1", "abc", "1.5"]) expectError(await catalog(`?n=${n}`), 400);
});

test("a repository with blobs alone is not in the catalog until it has a manifest", async () => {
  const name = freshName("catalogued");
  await pushBlob(registry.url, name, makeBlob());
  expect(namesOf(await catalog("?n=10000"))).not.toContain(name);
  await pushManifest(registry.url, name, makeIndex([]));
  expect(namesOf(await catalog("?n=10000"))).toContain(name);
});
