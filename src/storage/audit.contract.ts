import { describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { AUDIT_KEPT_MS, AUDIT_TEXT_LIMIT, type AuditQuery, type NewAuditEntry } from "./audit.ts";
import { EVENTS_KEPT, NO_CAUSE } from "./events.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { MetadataStore } from "./metadata.ts";

const HERE = "local/app" as RepositoryName;
const ANN = { who: "ann", from: "10.0.0.9", requestId: "r-1" };
const ALL = { before: null, sinceMs: 0, limit: 1000 };

/** What `audit.ts` promises, for one implementation. */
export function auditContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (work: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await work(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "entries and what people did to images are one list, the newest first, in pages",
      withStore(async ({ audit, manifests, tags }) => {
        const bytes = Buffer.from("a");
        const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
        await audit.append(entry("offline-switched", 5));
        await manifests.putManifest(HERE, putOf(manifest, { tags: ["v1" as Tag], atMs: 5, cause: ANN }));
        await audit.append(entry("space-collected", 5));
        await manifests.putManifest(HERE, putOf(manifest, { kind: "cached", tags: ["c" as Tag], atMs: 6 }));
        await tags.deleteTag(HERE, "v1" as Tag, false, 6, ANN);
        const all = await audit.list(ALL);
        expect(all.map(({ action, subject }) => [action, subject])).toEqual([
          ["image-removed", `${HERE}:v1`],
          ["space-collected", "it"],
          ["image-pushed", `${HERE}:v1`],
          ["offline-switched", "it"],
        ]);
        expect(all[2]).toMatchObject({ ...ANN, detail: manifest.digest, atMs: 5 });
        expect(new Set(all.map(({ id }) => id)).size).toBe(4);
        const [first, second, third] = all;
        expect(await audit.list({ ...ALL, limit: 2 })).toEqual([first, second] as typeof all);
        expect(await audit.list({ ...ALL, before: second?.id ?? 0, limit: 1 })).toEqual([third] as typeof all);
        expect(await audit.list({ ...ALL, sinceMs: 6 })).toEqual([first] as typeof all);
      }),
    );

    test(
      "it is narrowed down to somebody, a kind, or what has some letters, images included",
      withStore(async ({ audit, manifests }) => {
        const bytes = Buffer.from("a");
        const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
        await audit.append({ ...entry("user-added", 5), who: "ann", subject: "Bob", detail: "may pull:team/**" });
        await audit.append({ ...entry("user-added", 5), who: "eve", subject: "carol" });
        await audit.append({ ...entry("space-collected", 5), who: "ann", subject: null });
        await manifests.putManifest(HERE, putOf(manifest, { tags: ["v1" as Tag], atMs: 5, cause: ANN }));
        const found = async (narrow: Partial<AuditQuery>) =>
          (await audit.list({ ...ALL, ...narrow })).map(({ action, who }) => [action, who]);
        expect(await found({ who: "ann" })).toEqual([
          ["image-pushed", "ann"],
          ["space-collected", "ann"],
          ["user-added", "ann"],
        ]);
        expect(await found({ who: "ann", limit: 1 })).toEqual([["image-pushed", "ann"]]);
        expect(await found({ who: "an" })).toEqual([]);
        expect(await found({ action: "user-added" })).toEqual([
          ["user-added", "eve"],
          ["user-added", "ann"],
        ]);
        expect(await found({ action: "image-pushed", who: "eve" })).toEqual([]);
        expect(await found({ search: "BOB" })).toEqual([["user-added", "ann"]]);
        expect(await found({ search: "team/*" })).toEqual([["user-added", "ann"]]);
        expect(await found({ search: "app:v" })).toEqual([["image-pushed", "ann"]]);
        expect(await found({ search: "%" })).toEqual([]);
      }),
    );

    test(
      "who listens is told of each entry, once it can be read",
      withStore(async ({ audit }) => {
        const seen: Promise<number>[] = [];
        const end = audit.subscribe(() => void seen.push(audit.list(ALL).then(({ length }) => length)));
        await audit.append(entry("login-failed", 5));
        await audit.append(entry("login-failed", 6));
        end();
        await audit.append(entry("login-failed", 7));
        expect(await Promise.all(seen)).toEqual([1, 2]);
      }),
    );

    test(
      "what is long is cut",
      withStore(async ({ audit }) => {
        await audit.append({ ...entry("user-added", 5), subject: "x".repeat(10_000), detail: "y".repeat(10_000) });
        const [stored] = await audit.list(ALL);
        expect(stored?.subject).toHaveLength(AUDIT_TEXT_LIMIT + 1);
        expect(stored?.detail).toHaveLength(AUDIT_TEXT_LIMIT + 1);
      }),
    );

    test(
      "what is old goes; a push stays for as long as entries do, however much was cached after it",
      withStore(async ({ audit, events }) => {
        const what = { repository: HERE, tag: null, digest: digestOf("a"), mediaType: null, sizeBytes: null };
        await events.append({ ...NO_CAUSE, ...what, kind: "pushed", atMs: 1000 });
        for (let index = 0; index < EVENTS_KEPT + 200; index++)
          await events.append({ ...NO_CAUSE, ...what, kind: "cached", atMs: 1000 });
        await audit.append(entry("user-added", 1000));
        expect(await audit.list(ALL)).toHaveLength(2);
        const later = AUDIT_KEPT_MS + 2000;
        for (let index = 0; index < 101; index++) {
          await events.append({ ...NO_CAUSE, ...what, kind: "cached", atMs: later });
          await audit.append(entry("user-added", later));
        }
        expect(await audit.list(ALL)).toHaveLength(101);
      }),
    );
  });
}

function entry(action: NewAuditEntry["action"], atMs: number): NewAuditEntry {
  return { ...ANN, atMs, action, subject: "it", detail: null };
}
