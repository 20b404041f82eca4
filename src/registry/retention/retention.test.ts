import { beforeEach, expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { NO_CAUSE } from "../../storage/events.ts";
import { putOf } from "../../storage/manifest-put.fixture.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { ManifestPut, MetadataStore } from "../../storage/metadata.ts";
import { Retention, type RetentionLimits } from "./retention.ts";
import { compileRule } from "./retention-rule.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const HERE = "local/app" as RepositoryName;
const NOTHING_KEPT = { keepLast: null, keepYoungerMs: null, keepPulledWithinMs: null, keep: [] };
const RULES = [compileRule({ ...NOTHING_KEPT, pattern: "app:pr-*", keepLast: 1 })];

let metadata: MetadataStore;
let limits: RetentionLimits;
let held: ReadonlySet<string>;
let now: number;
let settled: number;
beforeEach(() => {
  metadata = memoryMetadata();
  limits = { ages: { pushed: 30 * DAY, cached: 7 * DAY }, rules: RULES, waitMs: DAY };
  held = new Set();
  now = 1000 * DAY;
  settled = 0;
});

function open(): Retention {
  return new Retention({
    ...metadata,
    holds: { reasonFor: (_, tag, digest) => (held.has(tag ?? digest) ? "the pin x" : null) },
    settlePulls: async () => void settled++,
    limits: () => limits,
    turns: new Turns(),
    now: () => now,
  });
}

async function push(text: string, tag: string, more: Partial<ManifestPut> = {}): Promise<void> {
  const manifest = { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, bytes: new TextEncoder().encode(text) };
  await metadata.manifests.putManifest(HERE, putOf(manifest, { tags: [tag as Tag], atMs: now, ...more }));
}

const tags = async () => (await metadata.tags.listTags(HERE, { after: null, limit: 100 })) as readonly string[];
/** The housekeeping of hours, every hour. */
async function pass(retention: Retention, hours: number): Promise<void> {
  for (let at = 0; at < hours; at++) {
    now += HOUR;
    await retention.keepHouse();
  }
}

test("rules that are new, or were changed, take nothing for a while, also over a restart, and say so", async () => {
  for (const tag of ["pr-1", "pr-2"]) await push(tag, tag);
  const first = await open().keepHouse();
  expect(first).toMatchObject({ tags: 0, notice: expect.stringContaining("the retention rules are new") as string });
  await pass(open(), 23);
  expect(await tags()).toHaveLength(2);
  limits = { ...limits, rules: [compileRule({ ...NOTHING_KEPT, pattern: "**:pr-*", keepLast: 1 })] };
  const retention = open();
  await pass(retention, 24);
  expect(await tags()).toHaveLength(2);
  await pass(retention, 1);
  expect(await tags()).toEqual(["pr-1"]);
  expect((await metadata.events.listBefore(null, 1))[0]).toMatchObject({ kind: "expired", tag: "pr-2", who: null });
});

test("whoever applies them does not wait, and is told of each tag", async () => {
  for (const tag of ["pr-1", "pr-2", "v1"]) await push(tag, tag);
  const told: string[] = [];
  const cause = { ...NO_CAUSE, who: "ann" };
  const done = await open().apply(cause, null, ({ tag }, outcome) => told.push(`${tag.tag} ${outcome}`));
  expect({ done, told }).toEqual({ done: { gone: 1, stayed: 1 }, told: ["pr-1 stays", "pr-2 removed"] });
  expect((await metadata.events.listBefore(null, 1))[0]).toMatchObject({ kind: "expired", tag: "pr-2", who: "ann" });
  expect(settled).toBe(1);
});

test("what is held stays, and so does an image one of whose platforms is", async () => {
  await push("child", "child");
  const listing = { references: [digestOf("child")], requiredManifests: [digestOf("child")] };
  const bytes = new TextEncoder().encode("index");
  const index = { digest: digestOf("index"), mediaType: MEDIA_TYPE.ociIndex, bytes };
  await metadata.manifests.putManifest(HERE, putOf(index, { ...listing, tags: ["pr-1" as Tag], atMs: now }));
  now += 1;
  for (const tag of ["pr-2", "pr-3"]) await push(tag, tag, { atMs: ++now });
  held = new Set([digestOf("child"), "pr-2"]);
  expect(await open().apply(NO_CAUSE, null, () => {})).toEqual({ gone: 0, stayed: 3 });
  held = new Set();
  expect(await open().apply(NO_CAUSE, null, () => {})).toEqual({ gone: 2, stayed: 1 });
});

test("a clock that was years ahead for an hour costs nothing", async () => {
  const retention = open();
  await push("old", "t");
  await push("new", "t");
  for (const tag of ["pr-1", "pr-2"]) await push(tag, tag);
  await pass(retention, 1);
  now += 4 * 365 * DAY;
  const { notice } = await retention.keepHouse();
  expect(notice).toContain("the clock has made a jump");
  await expect(retention.apply(NO_CAUSE, null, () => {})).rejects.toThrow("the clock has made a jump");
  await pass(retention, 1);
  now -= 4 * 365 * DAY;
  await pass(retention, 2);
  expect(await metadata.manifests.getManifest(HERE, digestOf("old"))).not.toBeNull();
  expect(await tags()).toHaveLength(3);
  await pass(open(), 31 * 24);
  expect(await metadata.manifests.getManifest(HERE, digestOf("old"))).toBeNull();
  expect(await tags()).toHaveLength(2);
});
