import { expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { LOCAL, type Namespace, parseRepositoryPath } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { parseTag } from "../../oci/tag.ts";
import { putOf } from "../../storage/manifest-put.fixture.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { TagKind } from "../../storage/metadata.ts";
import { NO_IMAGE_RULES } from "../names/image-rules.ts";
import { guardWithoutRules } from "./signature-guard.fixture.ts";
import { Manifests } from "./manifests.ts";
import { TrafficCounter } from "./traffic.ts";

const TAG = parseTag("1");
const HUB = "docker.io" as Namespace;
const QUAY = "quay.io" as Namespace;
const repository = (namespace: Namespace, path: string): Repository => ({ namespace, path: parseRepositoryPath(path) });

function opened({ isFresh = true } = {}) {
  const metadata = memoryMetadata();
  const manifests = new Manifests({
    store: metadata.manifests,
    tags: metadata.tags,
    pushed: metadata.pushed,
    rules: NO_IMAGE_RULES,
    origin: {
      isFresh: () => isFresh,
      tag: async (_, __, cached) => cached && { manifest: cached.manifest, warning: null },
      manifest: async () => null,
      referrers: async () => {},
      signatures: async () => {},
    },
    order: { unqualified: [HUB], standIns: [HUB, QUAY], localAnswersForAll: true },
    outlook: { offline: false, knows: () => true },
    traffic: new TrafficCounter(),
    guard: guardWithoutRules(),
    turns: new Turns(),
    now: () => 1,
  });
  const keep = async (at: Repository, kind: TagKind) => {
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [], at, kind }),
    );
    const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociIndex, bytes };
    await metadata.manifests.putManifest(nameOf(at), putOf(manifest, { tags: [TAG], kind }));
  };
  return { manifests, keep };
}

const asked = [
  repository(HUB, "library/app"),
  repository(LOCAL, "app"),
  repository(QUAY, "app"),
  repository(LOCAL, "other"),
];
const kept: readonly (readonly [Repository, TagKind])[] = [
  [repository(HUB, "library/app"), "cached"],
  [repository(QUAY, "app"), "cached"],
  [repository(LOCAL, "app"), "pushed"],
  [repository(HUB, "library/app"), "pushed"],
];

test("what is recalled is what would be found, whatever is kept where", async () => {
  for (let choice = 0; choice < 2 ** kept.length; choice++) {
    const { manifests, keep } = opened();
    for (const [index, [at, kind]] of kept.entries()) if (choice & (1 << index)) await keep(at, kind);
    for (const one of asked) {
      const found = await manifests.get(one, { kind: "tag", tag: TAG }, { via: null }).catch(() => null);
      const recalled = manifests.recall(one, TAG);
      expect([null, found]).toContainEqual(recalled);
      // What is under the very name that was asked for needs no search.
      if (found?.foundIn === nameOf(one) && found.kind === "pushed") expect(recalled).toEqual(found);
    }
  }
});

test("a cached tag is recalled within its lifetime alone", async () => {
  for (const isFresh of [true, false]) {
    const { manifests, keep } = opened({ isFresh });
    await keep(repository(QUAY, "app"), "cached");
    expect(manifests.recall(repository(QUAY, "app"), TAG) !== null).toBe(isFresh);
  }
});
