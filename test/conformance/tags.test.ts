import { beforeAll, describe, expect, test } from "bun:test";
import { freshName, makeBlob, makeIndex } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { manifestUrl, pushBlob, pushManifest, type Reply, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

/** In the order of their bytes: digits, capitals, the underscore, small letters. */
const TAGS = ["0", "1.10", "1.9", "A", "Z", "_x", "a", "a-b", "a.b", "a0", "aB", "a_b", "ab", "z"];

const registry = registryUnderTest();
const name = freshName("tags");
beforeAll(async () => {
  for (const tag of [...TAGS].sort(() => 0.5 - Math.random())) {
    await pushManifest(registry.url, name, makeIndex([]), tag);
  }
});

async function list(query = "", repository = name): Promise<Reply> {
  return await send("GET", `${registry.url}/v2/${repository}/tags/list${query}`);
}

function tagsOf(reply: Reply): string[] {
  expect(reply.status, reply.text).toBe(200);
  expect(reply.headers.get("content-type")).toStartWith("application/json");
  const body = JSON.parse(reply.text) as { name: string; tags: string[] };
  expect(body.name).toBe(name);
  return body.tags;
}

/** Where the Link header leads, or null. */
function nextOf(reply: Reply): string | null {
  const link = reply.headers.get("link");
  if (link === null) return null;
  const target = /^<([^>]+)>;\s*rel="?next"?$/.exec(link)?.[1];
  expect(target, link).toBeString();
  return new URL(target ?? "", registry.url).href;
}

describe("the list of tags", () => {
  test("is complete and in the order of bytes", async () => {
    const reply = await list();
    expect(tagsOf(reply)).toEqual(TAGS);
    expect(nextOf(reply)).toBeNull();
  });

  test.each([1, 3, 5, TAGS.length - 1])("in pages of %d is complete when the Links are followed", async (n) => {
    const seen: string[] = [];
    let reply = await list(`?n=${n}`);
    for (;;) {
      const tags = tagsOf(reply);
      expect(tags.length).toBeLessThanOrEqual(n);
      seen.push(...tags);
      const next = nextOf(reply);
      if (next === null) break;
      expect(tags.length).toBe(n);
      reply = await send("GET", next);
    }
    expect(seen).toEqual(TAGS);
  });

  test.each([TAGS.length, TAGS.length + 1, 100_000, 2_147_483_647, Number.MAX_SAFE_INTEGER])(
    "with n=%d has no Link",
    async (n) => {
      const reply = await list(`?n=${n}`);
      expect(tagsOf(reply)).toEqual(TAGS);
      expect(nextOf(reply)).toBeNull();
    },
  );

  test("with n=0 is empty", async () => {
    expect(tagsOf(await list("?n=0"))).toEqual([]);
  });

  test("with last alone has all later ones", async () => {
    expect(tagsOf(await list("?last=Z"))).toEqual(TAGS.slice(5));
    expect(tagsOf(await list("?last=z"))).toEqual([]);
  });

  test("with a last that is no tag here has the ones behind its place", async () => {
    expect(tagsOf(await list("?last=B"))).toEqual(TAGS.slice(4));
    expect(tagsOf(await list("?last=zzz"))).toEqual([]);
    expect(tagsOf(await list("?last=%C3%A9"))).toEqual([]);
  });

  test("with n and last has that page", async () => {
    const reply = await list("?n=2&last=1.9");
    expect(tagsOf(reply)).toEqual(["A", "Z"]);
    expect(nextOf(reply)).not.toBeNull();
  });

  test.each(["-1", "abc", "1.5", "0x10"])("with n=%p is 400", async (n) => {
    expectError(await list(`?n=${n}`), 400);
  });

  test("with an absurdly large n is 400", async () => {
    expectError(await list(`?n=${"9".repeat(30)}`), 400);
  });

  test("of a repository that does not exist is 404 NAME_UNKNOWN", async () => {
    expectError(await list("", freshName()), 404, "NAME_UNKNOWN");
  });

  test("of a repository that has blobs alone is 404 NAME_UNKNOWN", async () => {
    const repository = freshName();
    await pushBlob(registry.url, repository, makeBlob());
    expectError(await list("", repository), 404, "NAME_UNKNOWN");
  });

  test("of a repository whose manifests have no tag is an empty list, not null", async () => {
    const repository = freshName();
    await pushManifest(registry.url, repository, makeIndex([]));
    const reply = await list("", repository);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.text)).toEqual({ name: repository, tags: [] });
  });

  test("has every tag that the grammar allows", async () => {
    const repository = freshName();
    const tags = ["_", "x".repeat(128), `sha256-${"a".repeat(64)}.sig`, "v1.0_build-7"];
    for (const tag of tags) await pushManifest(registry.url, repository, makeIndex([]), tag);
    const reply = await list("", repository);
    expect((JSON.parse(reply.text) as { tags: string[] }).tags).toEqual(tags.toSorted());
    for (const tag of tags) expect((await send("HEAD", manifestUrl(registry.url, repository, tag))).status).toBe(200);
  });
});
