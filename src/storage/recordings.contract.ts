import { describe, expect, test } from "bun:test";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { MetadataStore } from "./metadata.ts";
import {
  type HeldPull,
  type NotedPull,
  PARTS_LIMIT,
  type RecordedImage,
  type RecordedPlace,
  RECORDING_ROWS_LIMIT,
  RECORDINGS_LIMIT,
} from "./recordings.ts";

const NGINX = "docker.io/library/nginx" as RepositoryName;
const ETCD = "quay.io/coreos/etcd" as RepositoryName;

function pullOf(tag: string | null, text: string, more: Partial<NotedPull> = {}): NotedPull {
  return {
    repository: NGINX,
    tag: tag as Tag | null,
    digest: digestOf(text),
    kind: "image",
    platform: null,
    sizeBytes: 100,
    atMs: 5,
    who: null,
    from: "10.0.0.7",
    parts: [],
    ...more,
  };
}

function indexOf(tag: string | null, text: string, parts: Readonly<Record<string, string | null>>): NotedPull {
  const listed = Object.entries(parts).map(([part, platform]) => ({ digest: digestOf(part), platform }));
  return pullOf(tag, text, { kind: "index", parts: listed });
}

/** An image in short: its tag or else the text that its digest is of, then its parts with their platforms. */
function short({ tag, digest, parts }: RecordedImage, texts: readonly string[]): string {
  const textOf = (wanted: Digest) => texts.find((text) => digestOf(text) === wanted) ?? wanted;
  const listed = parts.map((part) => `${textOf(part.digest)}=${part.platform}`).sort();
  return [tag ?? `@${textOf(digest)}`, ...listed].join(" ");
}

/** What `recordings.ts` promises, for one implementation. */
export function recordingsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    let store: MetadataStore;
    const withStore = (work: () => Promise<void>) => async () => {
      store = await open();
      await work().finally(() => store.close());
    };
    const begin = async (called: string, goesOn = false) => {
      const started = { name: called, startedAtMs: 3, who: "ann", networks: ["10.0.0.0/8"] };
      return store.recordings.start(started, goesOn);
    };
    const images = (recording: number, text = "", after: RecordedPlace | null = null, limit = 100) =>
      store.recordings.listImages(recording, { text, after, limit });

    test(
      "recordings begin, end and are listed by name; a name is used once, unless its recording goes on",
      withStore(async () => {
        const { recordings } = store;
        const b = await begin("b");
        expect(b).toMatchObject({
          name: "b",
          startedAtMs: 3,
          stoppedAtMs: null,
          who: "ann",
          images: 0,
          fullAtMs: null,
        });
        expect([await begin("b"), await begin("b", true)]).toEqual([null, null]);
        await begin("a");
        expect(await recordings.stop("b", 9)).toEqual({ ...b, stoppedAtMs: 9 } as never);
        expect(await recordings.stop("b", 12)).toMatchObject({ stoppedAtMs: 9 });
        expect(await recordings.stop("c", 12)).toBeNull();
        expect(await begin("b")).toBeNull();
        const started = { name: "b", startedAtMs: 20, who: null, networks: [] };
        expect(await recordings.start(started, true)).toEqual({ ...b, networks: [] } as never);
        expect((await recordings.list()).map((one) => [one.name, one.stoppedAtMs])).toEqual([
          ["a", null],
          ["b", null],
        ]);
      }),
    );

    test(
      "the first pull by a name counts, and a platform that was learnt later",
      withStore(async () => {
        const id = (await begin("r"))?.id ?? 0;
        await store.recordings.note(id, [pullOf("1", "a"), pullOf("1", "a", { atMs: 8, from: "10.0.0.8" })]);
        await store.recordings.note(id, [pullOf("1", "a", { platform: "linux/amd64", atMs: 9 })]);
        await store.recordings.note(id, [pullOf("1", "a", { platform: "linux/arm64", atMs: 9 }), pullOf("1", "b")]);
        const { parts: _, ...first } = pullOf("1", "a", { platform: "linux/amd64" });
        expect(await images(id)).toEqual(
          [
            { ...first, parts: [] },
            { ...first, digest: digestOf("b"), platform: null, parts: [] },
          ].sort((a, z) => (a.digest < z.digest ? -1 : 1)),
        );
      }),
    );

    test(
      "what an index lists belongs to it, in whichever order they were pulled, and however deep it lies",
      withStore(async () => {
        const parts = { amd: "linux/amd64", arm: "linux/arm64" };
        const texts = ["index", "outer", "amd", "arm", "lone", "other"];
        const forward = (await begin("forward"))?.id ?? 0;
        const backward = (await begin("backward"))?.id ?? 0;
        const pulls = [
          indexOf("1.27", "index", parts),
          indexOf(null, "index", parts),
          pullOf(null, "amd", { platform: "linux/amd64" }),
          pullOf(null, "lone"),
        ];
        await store.recordings.note(forward, pulls);
        for (const pull of pulls.toReversed()) await store.recordings.note(backward, [pull]);
        for (const id of [forward, backward])
          expect((await images(id)).map((one) => short(one, texts))).toEqual(["@lone", "1.27 amd=linux/amd64"]);
        await store.recordings.note(forward, [indexOf("all", "outer", { index: null, other: null })]);
        await store.recordings.note(forward, [pullOf(null, "other"), { ...pullOf(null, "arm"), repository: ETCD }]);
        expect((await images(forward)).map((one) => short(one, texts))).toEqual([
          "@lone",
          "1.27 amd=linux/amd64",
          "all amd=linux/amd64 other=null",
          "@arm",
        ]);
        expect((await store.recordings.list()).map((one) => one.images)).toEqual([2, 4]);
      }),
    );

    test(
      "images come in pages, and those only whose name holds a text",
      withStore(async () => {
        const id = (await begin("r"))?.id ?? 0;
        const all = Array.from({ length: 25 }, (_, i) => pullOf(`t${i}`, `${i}`, { repository: i % 2 ? NGINX : ETCD }));
        await store.recordings.note(id, all);
        const seen: RecordedImage[] = [];
        for (let after: RecordedPlace | null = null; ; ) {
          const page: readonly RecordedImage[] = await images(id, "", after, 7);
          seen.push(...page);
          after = page.at(-1) ?? null;
          if (page.length < 7) break;
        }
        const places = seen.map(({ repository, tag }) => `${repository}:${tag}`);
        expect(places).toEqual(all.map(({ repository, tag }) => `${repository}:${tag}`).sort());
        expect((await images(id, "etcd:t2")).map(({ tag }) => tag as string).sort()).toEqual([
          "t2",
          "t20",
          "t22",
          "t24",
        ]);
        expect(await images(id, `nginx:t1@${digestOf("1")}`)).toHaveLength(1);
        expect(await images(id + 50)).toEqual([]);
      }),
    );

    test(
      "what recordings hold is listed, of all of them, and no longer of one that was removed",
      withStore(async () => {
        const [one, two] = [(await begin("one"))?.id ?? 0, (await begin("two"))?.id ?? 0];
        const many = Array.from({ length: 700 }, (_, i) => pullOf(null, `${i}`));
        await store.recordings.note(one, many);
        await store.recordings.note(two, [indexOf("1", "index", { part: "linux/arm" })]);
        const held = async () => {
          const found: HeldPull[] = [];
          for (let after: HeldPull | null = null; ; ) {
            const page: readonly HeldPull[] = await store.recordings.listHeld(after, 300);
            found.push(...page);
            after = page.at(-1) ?? null;
            if (page.length < 300) return found;
          }
        };
        expect(await held()).toHaveLength(701);
        expect((await held()).at(-1)).toEqual({
          recording: two,
          repository: NGINX,
          tag: "1" as Tag,
          digest: digestOf("index"),
        });
        expect([await store.recordings.remove("one"), await store.recordings.remove("one")]).toEqual([true, false]);
        expect(await held()).toHaveLength(1);
        expect(await images(one)).toEqual([]);
        await store.recordings.note(one, many);
        expect((await begin("one"))?.id).toBeGreaterThan(two);
        expect(await held()).toHaveLength(1);
      }),
    );

    test(
      "who subscribes is told of each change once it can be read, until the end of it",
      withStore(async () => {
        const seen: string[] = [];
        const end = store.recordings.subscribe(({ kind, name: called }) => void seen.push(`${kind} ${called}`));
        const id = (await begin("r"))?.id ?? 0;
        await store.recordings.note(id, [pullOf("1", "a")]);
        await store.recordings.stop("r", 5);
        await store.recordings.stop("r", 5);
        await store.recordings.remove("r");
        end();
        await begin("r");
        expect(seen).toEqual(["started r", "pulls r", "stopped r", "removed r"]);
      }),
    );

    test(
      "there are limits to recordings and to what is in one, which tells that it is full",
      withStore(async () => {
        for (let i = 0; i < RECORDINGS_LIMIT; i++) await begin(`r${i}`);
        await expect(begin("one more")).rejects.toMatchObject({ code: "BAD_REQUEST" });
        await store.recordings.remove("r1");
        const id = (await begin("one more"))?.id ?? 0;
        const rows = 1 + PARTS_LIMIT;
        const fits = Math.floor(RECORDING_ROWS_LIMIT / rows);
        for (let i = 0; i <= fits; i++) {
          const parts = Array.from({ length: PARTS_LIMIT }, (_, j) => ({
            digest: digestOf(`${i} ${j}`),
            platform: null,
          }));
          await store.recordings.note(id, [pullOf(`t${i}`, `${i}`, { kind: "index", atMs: i, parts })]);
        }
        const recording = (await store.recordings.list()).find((one) => one.id === id);
        expect(recording).toMatchObject({ images: fits, fullAtMs: fits });
      }),
      60_000,
    );
  });
}
