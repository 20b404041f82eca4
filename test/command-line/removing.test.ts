/** What is removed by a pattern or by a rule, and what has no tag, as the command line tells of it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { describeManifest, makeIndex } from "../conformance/content-factory.ts";
import { pushImage, pushManifest } from "../conformance/registry-client.ts";
import { smallImage, TestSite } from "./test-site.ts";

let site: TestSite;
beforeAll(async () => {
  const rules = [{ pattern: "ci/**:pr-*", keepLast: 1, keep: ["pr-keep"] }];
  site = await TestSite.open([], { kind: "none" }, { LARDER_RETENTION_RULES: JSON.stringify(rules) });
});
afterAll(() => site.close());

async function push(name: string, ...tags: readonly string[]): Promise<void> {
  for (const tag of tags) await pushImage(site.larder.url, name, smallImage(), tag);
}

async function names(text: string): Promise<readonly string[]> {
  const { output } = await site.run("ls", "--json", text);
  return (JSON.parse(output) as { image: string }[]).map(({ image }) => image);
}

test("a pattern removes what it matches, and no more", async () => {
  await push("team/app", "pr-1", "pr-2", "v1");
  await push("team/app/sub", "pr-1");
  await push("other/app", "pr-1");
  const dry = await site.run("rm", "--dry-run", "team/*:pr-*");
  expect(dry.status).toBe(0);
  expect(dry.errors.trim().split("\n").sort()).toEqual([
    "local/team/app:pr-1: would be removed",
    "local/team/app:pr-2: would be removed",
  ]);
  const unasked = await site.run("rm", "team/*:pr-*");
  expect(unasked.status).toBe(2);
  expect(unasked.errors).toContain("there is no terminal to ask at: --yes");
  expect(await names("pr-")).toHaveLength(4);
  const { status, output } = await site.run("rm", "--yes", "--json", "team/*:pr-*");
  expect(status).toBe(0);
  expect(
    (JSON.parse(output) as { image: string; status: string }[]).map((one) => `${one.image} ${one.status}`).sort(),
  ).toEqual(["local/team/app:pr-1 removed", "local/team/app:pr-2 removed"]);
  expect(await names("/app")).toEqual(["local/other/app:pr-1", "local/team/app:v1", "local/team/app/sub:pr-1"]);
});

test("a pattern that matches nothing, or is none, is told", async () => {
  const nothing = await site.run("rm", "--yes", "nothing/**");
  expect(nothing).toMatchObject({ status: 1, errors: "nothing/**: nothing here matches local/nothing/**\n" });
  expect((await site.run("rm", "--yes", "Team/*")).status).toBe(2);
});

test("what has no tag is listed with what keeps it, and a part of an index is not removed by itself", async () => {
  const [child, alone] = [smallImage(), smallImage()];
  await pushImage(site.larder.url, "parts", child, "was-tagged");
  const index = makeIndex([describeManifest(child.manifest)]);
  await pushManifest(site.larder.url, "parts", index, "all");
  await pushImage(site.larder.url, "parts", smallImage(), "was-tagged");
  await pushImage(site.larder.url, "parts", alone);
  const { output } = await site.run("ls", "--untagged", "--json", "local/parts@");
  const listed = JSON.parse(output) as {
    digest: string;
    leftBehindAt: string | null;
    goesAt: string | null;
    heldBy: string | null;
  }[];
  const of = (digest: string) => listed.find((one) => one.digest === digest);
  expect(listed).toHaveLength(2);
  expect(of(child.manifest.digest)).toMatchObject({ goesAt: null, heldBy: `the index local/parts@${index.digest}` });
  expect(of(child.manifest.digest)?.leftBehindAt).not.toBeNull();
  expect(of(alone.manifest.digest)).toMatchObject({ leftBehindAt: null, goesAt: null, heldBy: null });
  const table = await site.run("ls", "--untagged", "local/parts@");
  expect(table.output).toContain("never had one");
  const refused = await site.run("rm", `parts@${child.manifest.digest}`);
  expect(refused.status).toBe(1);
  expect(refused.errors).toContain(`is a part of the index local/parts:all (${index.digest})`);
  expect((await site.run("rm", `parts@${alone.manifest.digest}`)).status).toBe(0);
  expect((await site.run("rm", "parts:all")).status).toBe(0);
  expect((await site.run("ls", "--untagged", "local/parts@")).errors).toContain("there is no manifest without a tag");
});

test("the retention rules tell what they would remove, and why the rest stays, before they do", async () => {
  for (const tag of ["pr-1", "pr-2", "pr-3", "pr-keep", "main"]) await push("ci/app", tag);
  const told = async (...more: readonly string[]) =>
    JSON.parse((await site.run("retention", "--json", ...more)).output) as {
      rules: number;
      gone: number;
      stayed: number;
      takesNothingBefore: string | null;
      tags: { image: string; status: string; reason: string }[];
    };
  const dry = await told("--all");
  expect(dry).toMatchObject({ rules: 1, gone: 2, stayed: 2 });
  expect(dry.takesNothingBefore).not.toBeNull();
  expect(dry.tags.map(({ image, status, reason }) => `${image} ${status}: ${reason}`)).toEqual([
    "local/ci/app:pr-1 goes: it is not one of the last 1",
    "local/ci/app:pr-2 goes: it is not one of the last 1",
    "local/ci/app:pr-3 stays: it is one of the last 1",
    "local/ci/app:pr-keep stays: keep names it: pr-keep",
  ]);
  await site.run("gc");
  expect(await names("ci/app")).toHaveLength(5);
  expect(await told("run", "--dry-run")).toMatchObject({ gone: 2 });
  expect(await told("run")).toMatchObject({ gone: 2, stayed: 2 });
  expect(await names("ci/app")).toEqual(["local/ci/app:main", "local/ci/app:pr-3", "local/ci/app:pr-keep"]);
  expect((await told()).gone).toBe(0);
});
