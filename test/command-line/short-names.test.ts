/** A name means the same to a verb as to a client that pulls it by larder's own address. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { hostOf, nearName, publish, smallImage, TestSite } from "./test-site.ts";
import { runLarder } from "./run-larder.ts";

let site: TestSite;
beforeAll(async () => {
  site = await TestSite.open();
  await pushImage(site.larder.url, "app", smallImage(), "1");
  await pushImage(site.larder.url, "both", smallImage(), "1");
  await pushImage(site.larder.url, "team/own", smallImage(), "latest");
  await publish(site.upstream.url, "library/both", "1");
  await publish(site.upstream.url, "library/busy", "latest");
  await publish(site.upstream.url, "library/x", "1");
  await publish(site.upstream.url, "org/tool", "2");
  await publish(site.upstream.url, "pause", "3.9");
  await publish(site.upstream.url, "prometheus/node", "1");
  const elsewhere = [`${nearName(site.upstream)}/pause:3.9`, "quay.io/prometheus/node:1"];
  expect(await site.run("cache", "busy", "docker.io/x:1", "org/tool:2", ...elsewhere)).toMatchObject({ status: 0 });
});
afterAll(() => site.close());

/** What a client gets that pulls REG/NAME; null when there is none. */
async function pulled(name: string): Promise<string | null> {
  const [, path = "", reference = "latest"] = /^(.*?)(?:(?:@|:(?=[^/]*$))(.+))?$/.exec(name) ?? [];
  const { status, headers } = await send("HEAD", manifestUrl(site.larder.url, path, reference));
  return status === 200 ? headers.get("docker-content-digest") : null;
}

describe.each([
  ["busy"],
  ["busy:latest"],
  ["library/busy"],
  ["docker.io/busy"],
  ["docker.io/library/busy:latest"],
  ["x:1"],
  ["docker.io/x:1"],
  ["app:1"],
  ["local/app:1"],
  ["docker.io/app:1"],
  ["quay.io/app:1"],
  ["team/own"],
  ["both:1"],
  ["org/tool:2"],
  ["pause:3.9"],
  ["prometheus/node:1"],
  ["quay.io/prometheus/node:1"],
  ["absent:1"],
  ["app:2"],
])("%s", (name) => {
  test("is to has and inspect what a pull gets", async () => {
    const digest = await pulled(name);
    expect((await site.run("has", name)).status).toBe(digest === null ? 1 : 0);
    const { status, output } = await site.run("inspect", "--json", name);
    const told = status === 0 ? (JSON.parse(output) as { digest: string }).digest : null;
    expect(told).toBe(digest);
  });
});

test("what nobody has is named as messages name it", async () => {
  const { errors } = await site.run("has", "absent:1");
  expect(errors).toBe("larder: docker.io/library/absent:1 is not here\n");
});

test("at another registry a name is looked for flat, and under Docker Hub's", async () => {
  const plain = hostOf(site.upstream.url);
  for (const name of ["busy", "library/busy", "docker.io/busy", "org/tool:2", "pause:3.9"]) {
    expect((await runLarder(plain, ["has", name])).status).toBe(0);
  }
  expect((await runLarder(plain, ["has", "absent:1"])).status).toBe(1);
});

describe("where larder looks for names without a registry at quay.io first", () => {
  let other: TestSite;
  beforeAll(async () => {
    other = await TestSite.open([], { kind: "none" }, { LARDER_UNQUALIFIED: "quay.io, docker.io" });
    for (const name of ["library/busy", "team/tool", "tool", "library/tool"]) {
      await publish(other.upstream.url, name, "1");
    }
  });
  afterAll(() => other.close());

  test.each([
    ["tool:1", "quay.io/tool:1"],
    ["team/tool:1", "quay.io/team/tool:1"],
    ["busy:1", "docker.io/library/busy:1"],
    ["docker.io/tool:1", "docker.io/library/tool:1"],
  ])("%s is %s to those who cache, look at, ask for and remove it, and to who pulls it", async (name, full) => {
    const cached = await other.run("cache", "--json", name);
    const [brought] = JSON.parse(cached.output) as [{ image: string; digest: string }];
    expect(brought.image).toBe(full);
    const reply = await send("HEAD", manifestUrl(other.larder.url, name.replace(/:1$/, ""), "1"));
    expect(reply.headers.get("docker-content-digest")).toBe(brought.digest);
    expect((await other.run("has", name)).status).toBe(0);
    expect(JSON.parse((await other.run("inspect", "--json", name)).output)).toMatchObject({ digest: brought.digest });
    expect(await other.run("rm", name)).toMatchObject({ status: 0, errors: `${full}: removed\n` });
  });

  test("one that none of them has is told of with each", async () => {
    const { status, errors } = await other.run("cache", "absent:1");
    expect(status).toBe(1);
    expect(errors).toMatch(/^larder: quay.io\/absent:1: .*; docker.io\/library\/absent:1: .*\n$/);
  });
});
