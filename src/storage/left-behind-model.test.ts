/** What goes and what stays, against a model that knows nothing of how it is stored. */
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { attachmentTagsOf } from "../oci/attachment-tag.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import type { MetadataStore, TagKind } from "./metadata.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

const DAY = 86_400_000;
const AGES = { pushed: 30 * DAY, cached: 7 * DAY };
const HERE = "local/model" as RepositoryName;

type Thing = { readonly digest: Digest; readonly parts: readonly Digest[]; readonly subject: Digest | null };

function thing(name: string, parts: readonly Thing[] = [], subject: Thing | null = null): Thing {
  return { digest: digestOf(name), parts: parts.map(({ digest }) => digest), subject: subject?.digest ?? null };
}

const [A, B] = [thing("a"), thing("b")] as const;
const AB = thing("index of a and b", [A, B]);
const ONLY_B = thing("index of b", [B]);
const NESTED = thing("index of an index", [AB]);
const OF_A = thing("refers to a", [], A);
const OF_AB = thing("refers to the index", [], AB);
const LIST = thing("index of referrers", [OF_A, OF_AB]);
const THINGS = [A, B, AB, ONLY_B, NESTED, OF_A, OF_AB, LIST];
const TAGS = ["v1", attachmentTagsOf(A.digest)[1], attachmentTagsOf(AB.digest)[0]] as Tag[];
const KINDS = ["pushed", "cached"] as const;

/** What is there, in the plainest form. */
class Model {
  readonly held = new Map<Digest, Thing & { isPushed: boolean; usedAtMs: number }>();
  readonly tags = { pushed: new Map<Tag, Digest>(), cached: new Map<Tag, Digest>() };
  readonly left = new Map<Digest, number>();

  isTagged(digest: Digest): boolean {
    return KINDS.some((kind) => [...this.tags[kind].values()].includes(digest));
  }

  isHolding(digest: Digest): boolean {
    const subject = this.held.get(digest)?.subject ?? null;
    const isListed = [...this.held.values()].some(({ parts }) => parts.includes(digest));
    return isListed || (subject !== null && this.held.has(subject));
  }

  put(one: Thing, tag: Tag | null, kind: TagKind, atMs: number): void {
    if (one.parts.some((part) => !this.held.has(part))) return;
    const before = this.held.get(one.digest);
    if (before === undefined) this.left.delete(one.digest);
    this.held.set(one.digest, { ...one, isPushed: kind === "pushed" || before?.isPushed === true, usedAtMs: atMs });
    if (tag === null) return;
    const old = this.tags[kind].get(tag);
    this.tags[kind].set(tag, one.digest);
    this.left.delete(one.digest);
    if (old !== undefined) this.note(old, atMs);
  }

  note(digest: Digest, atMs: number): void {
    if (this.held.has(digest) && !this.isTagged(digest)) this.left.set(digest, atMs);
  }

  untag(tag: Tag, atMs: number): Digest | null {
    const kind = this.tags.pushed.has(tag) ? "pushed" : "cached";
    const digest = this.tags[kind].get(tag) ?? null;
    this.tags[kind].delete(tag);
    if (digest !== null) this.note(digest, atMs);
    return digest;
  }

  pull(digest: Digest, atMs: number): void {
    const found = this.held.get(digest);
    if (found === undefined) return;
    found.usedAtMs = atMs;
    for (const index of this.held.values()) if (index.parts.includes(digest)) this.pull(index.digest, atMs);
  }

  drop(digest: Digest, atMs: number): void {
    if (!this.take(digest)) return;
    const isTag = attachmentTagsOf(digest).some((tag) => KINDS.some((kind) => this.tags[kind].has(tag)));
    if (isTag || [...this.held.values()].some(({ subject }) => subject === digest)) this.left.set(digest, atMs);
  }

  take(digest: Digest): boolean {
    if (!this.held.has(digest)) return false;
    for (const kind of KINDS) for (const [tag, to] of this.tags[kind]) if (to === digest) this.tags[kind].delete(tag);
    this.left.delete(digest);
    return this.held.delete(digest);
  }

  /** With all that nothing holds then. */
  remove(digest: Digest, atMs: number): void {
    const parts = this.held.get(digest)?.parts ?? [];
    if (this.take(digest)) this.release(digest, parts, atMs);
  }

  release(digest: Digest, parts: readonly Digest[], atMs: number): void {
    const maybe = [...parts];
    for (const tag of attachmentTagsOf(digest)) {
      for (const kind of KINDS) {
        const to = this.tags[kind].get(tag);
        this.tags[kind].delete(tag);
        if (to === undefined) continue;
        this.note(to, atMs);
        maybe.push(to);
      }
    }
    maybe.push(...[...this.held.values()].filter(({ subject }) => subject === digest).map((one) => one.digest));
    for (const one of maybe) if (!this.isTagged(one) && !this.isHolding(one)) this.remove(one, atMs);
  }

  run(atMs: number, pins: ReadonlySet<Digest>): void {
    for (const [digest, sinceMs] of this.left) {
      const found = this.held.get(digest);
      const attached = [...this.held.values()].filter(({ subject }) => subject === digest);
      const about = found === undefined ? attached : [found];
      const isPushed = about.length === 0 || about.some((one) => one.isPushed);
      const lastMs = Math.max(sinceMs, ...about.map(({ usedAtMs }) => usedAtMs));
      if (!this.left.has(digest) || lastMs + AGES[isPushed ? "pushed" : "cached"] > atMs) continue;
      if (found === undefined) {
        this.left.delete(digest);
        this.release(digest, [], atMs);
      } else if (!this.isHolding(digest) && !this.isPinned(digest, pins)) this.remove(digest, atMs);
    }
  }

  isPinned(digest: Digest, pins: ReadonlySet<Digest>): boolean {
    const parts = this.held.get(digest)?.parts ?? [];
    return pins.has(digest) || parts.some((part) => this.held.has(part) && this.isPinned(part, pins));
  }
}

const command = fc.record({
  what: fc.constantFrom("put", "put", "put", "put", "untag", "rm", "drop", "remove", "pull", "pin", "run", "run"),
  one: fc.constantFrom(...THINGS),
  tag: fc.constantFrom(...TAGS),
  isTagged: fc.boolean(),
  kind: fc.constantFrom(...KINDS),
  days: fc.integer({ min: 1, max: 30 }),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function mediaTypeOf({ parts }: Thing): string {
  return parts.length > 0 ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.ociManifest;
}

/** Each has a blob of its own, by its digest's name. */
async function put({ manifests, links }: MetadataStore, { one, tag, isTagged, kind }: Command, atMs: number) {
  const blob = digestOf(`blob of ${one.digest}`);
  await links.linkBlob(HERE, blob, 1, atMs, kind);
  await manifests.putManifest(HERE, {
    manifest: { digest: one.digest, mediaType: mediaTypeOf(one), bytes: new TextEncoder().encode(one.digest) },
    requiredBlobs: [blob],
    borrowFrom: [],
    requiredManifests: one.parts,
    references: [...one.parts, blob],
    subject: one.subject,
    tags: isTagged ? [tag] : [],
    kind,
    isPart: false,
    atMs,
  });
}

async function apply(store: MetadataStore, given: Command, atMs: number, pins: ReadonlySet<Digest>): Promise<void> {
  const { what, one, tag } = given;
  if (what === "put") await put(store, given, atMs);
  if (what === "untag" || what === "rm") await store.tags.deleteTag(HERE, tag, what === "rm", atMs);
  if (what === "drop" && one.parts.length === 0) await store.manifests.deleteManifest(HERE, one.digest, false, atMs);
  if (what === "remove") await store.manifests.deleteManifest(HERE, one.digest, true, atMs);
  if (what === "pull") await store.pulls.notePulls([{ repository: HERE, digest: one.digest, atMs }]);
  if (what !== "run") return;
  await store.leftBehind.removeLeftBehind(AGES, atMs, (_, digest) => pins.has(digest));
  await store.collection.collectLinks(atMs);
}

function mirror(model: Model, { what, one, tag, isTagged, kind }: Command, atMs: number, pins: ReadonlySet<Digest>) {
  if (what === "put") model.put(one, isTagged ? tag : null, kind, atMs);
  if (what === "untag") model.untag(tag, atMs);
  if (what === "rm") {
    const digest = model.untag(tag, atMs);
    if (digest !== null && !model.isTagged(digest) && !model.isHolding(digest)) model.remove(digest, atMs);
  }
  if (what === "drop" && one.parts.length === 0) model.drop(one.digest, atMs);
  if (what === "remove") model.remove(one.digest, atMs);
  if (what === "pull") model.pull(one.digest, atMs);
  if (what === "run") model.run(atMs, pins);
}

async function compare({ manifests, tags, links, leftBehind }: MetadataStore, model: Model): Promise<void> {
  const here: Digest[] = [];
  for (const { digest } of THINGS) if ((await manifests.getManifest(HERE, digest)) !== null) here.push(digest);
  expect(here).toEqual(THINGS.map(({ digest }) => digest).filter((digest) => model.held.has(digest)));
  const names = new Set([...model.tags.pushed.keys(), ...model.tags.cached.keys()]);
  expect(new Set(await tags.listTags(HERE, { after: null, limit: 100 }))).toEqual(names);
  for (const name of names) {
    const digest = (await tags.getTagged(HERE, name))?.manifest.digest;
    expect(digest).toBe((model.tags.pushed.get(name) ?? model.tags.cached.get(name)) as Digest);
  }
  // Whole: each still has its blob.
  for (const digest of here) expect(await links.findLink([HERE], digestOf(`blob of ${digest}`))).not.toBeNull();
  const { manifests: listed } = await leftBehind.listUntagged({ namespace: null, text: "", after: null, limit: 100 });
  const left = listed.filter(({ leftBehindAtMs }) => leftBehindAtMs !== null);
  const expected = [...model.left].filter(([digest]) => model.held.has(digest));
  expect(new Map(left.map((one) => [one.digest, one.leftBehindAtMs]))).toEqual(new Map(expected));
}

test.each(["memory", "SQLite"])(
  "exactly what the model says goes, and all that is left is whole: in %s",
  async (where) => {
    const folder = await mkdtemp(join(tmpdir(), "larder-model-"));
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 60, size: "max" }), async (commands) => {
        const path = join(folder, `${++count}.db`);
        let store = where === "memory" ? memoryMetadata() : openSqliteMetadata(path);
        const [model, pins] = [new Model(), new Set<Digest>()];
        let atMs = 1000 * DAY;
        for (const given of commands) {
          atMs += given.days * DAY;
          if (given.what === "pin") pins[pins.has(given.one.digest) ? "delete" : "add"](given.one.digest);
          await apply(store, given, atMs, pins);
          mirror(model, given, atMs, pins);
          await compare(store, model);
          if (where === "memory" || given.what !== "pin") continue;
          await store.close();
          store = openSqliteMetadata(path);
        }
        await store.close();
      }),
      { numRuns: where === "memory" ? 600 : 30 },
    );
    await rm(folder, { recursive: true });
  },
  120_000,
);
