import { describe, expect, test } from "bun:test";
import { type Image, makeImage } from "./content-factory.ts";
import { pushImage, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";
import { ask, freshComponent, type Way } from "./ways-of-asking.ts";

const registry = registryUnderTest();

async function push(fullName: string, tag: string): Promise<Image> {
  const image = makeImage();
  await pushImage(registry.url, fullName, image, tag);
  return image;
}

async function catalogOf(way: Way): Promise<string[]> {
  const reply = await ask(registry.url, way, "_catalog?n=10000");
  expect(reply.status, reply.text).toBe(200);
  return (JSON.parse(reply.text) as { repositories: string[] }).repositories;
}

describe("lists", () => {
  test("of repositories seen through a host have that host's names, seen through larder's address all, in full", async () => {
    const path = `team/${freshComponent()}`;
    const own = `team/${freshComponent()}`;
    await push(`docker.io/${path}`, "1.0");
    await push(`quay.io/${path}`, "1.0");
    await push(own, "1.0");
    const all = await catalogOf({});
    expect(all).toContain(`docker.io/${path}`);
    expect(all).toContain(`quay.io/${path}`);
    expect(all.filter((name) => name === own || name === `local/${own}`)).toHaveLength(1);
    for (const way of [{ host: "quay.io" }, { ns: "quay.io" }, { before: "/quay.io" }]) {
      const names = await catalogOf(way);
      expect(names, JSON.stringify(way)).toContain(path);
      expect(names.filter((name) => name.includes("docker.io"))).toEqual([]);
    }
    expect(await catalogOf({ host: "ghcr.io" })).not.toContain(path);
  });

  test("of tags seen through a host have that host's tags", async () => {
    const path = `team/${freshComponent()}`;
    await push(`docker.io/${path}`, "of-docker");
    await push(`quay.io/${path}`, "of-quay");
    for (const way of [{ host: "quay.io" }, { ns: "quay.io" }, { before: "/quay.io" }]) {
      expect(JSON.parse((await ask(registry.url, way, `${path}/tags/list`)).text)).toEqual({
        name: path,
        tags: ["of-quay"],
      });
    }
    const full = await ask(registry.url, {}, `docker.io/${path}/tags/list`);
    expect(JSON.parse(full.text)).toEqual({ name: `docker.io/${path}`, tags: ["of-docker"] });
  });

  test("page through a host without losing it", async () => {
    const path = `team/${freshComponent()}`;
    for (const tag of ["a", "b", "c"]) await push(`quay.io/${path}`, tag);
    for (const way of [{ ns: "quay.io" }, { before: "/quay.io" }, { prefix: "quay.io/" }]) {
      const first = await ask(registry.url, way, `${path}/tags/list?n=2`);
      const next = /<([^>]+)>/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
      const second = await send("GET", new URL(next, registry.url).href);
      expect((JSON.parse(second.text) as { tags: string[] }).tags, next).toEqual(["c"]);
    }
  });
});
