import { beforeEach, expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type Namespace, parseRepositoryPath, repositoryName } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { ImageSurvey } from "../../registry/images/image-survey.ts";
import { Inventory } from "../../registry/images/inventory.ts";
import { MemoryBlobs } from "../../storage/memory/blobs-memory.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { checkAll, listImages } from "./admin-images.ts";

const NEVER = new AbortController().signal;
const ORDER = { unqualified: [], standIns: [], localAnswersForAll: true };

let metadata: ReturnType<typeof memoryMetadata>;
let inventory: Inventory;
beforeEach(() => {
  metadata = memoryMetadata();
  inventory = new Inventory(metadata.manifests, metadata.tagIndex, new Turns());
});

function survey(enoughParts = 1e9): ImageSurvey {
  const { blobs } = new MemoryBlobs();
  const files = { isWhole: async () => false, makeWhole: async () => false };
  return new ImageSurvey({ ...metadata, blobs, files, order: ORDER }, new Turns().begin(), enoughParts);
}

/** An image whose ten layers are nowhere. */
async function keep(namespace: string, path: string, ...tags: readonly string[]): Promise<void> {
  const layer = { mediaType: "a/b", digest: digestOf("layer"), size: 1 };
  const config = { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf("config"), size: 1 };
  const layers = Array.from({ length: 10 }, () => layer);
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers, annotations: { path } };
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  await metadata.manifests.putManifest(repositoryName(namespace as Namespace, parseRepositoryPath(path)), {
    manifest: { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes },
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references: [],
    subject: null,
    tags: tags.map(parseTag),
    kind: "cached",
    isPart: false,
    atMs: 1,
  });
}

async function listed(page: number, enoughParts?: number): Promise<{ names: readonly string[]; pages: number }> {
  const names: string[] = [];
  for (let [after, pages]: [string | null, number] = [null, 1]; ; pages++) {
    const { images, next } = await listImages(survey(enoughParts), inventory, after, NEVER, page);
    names.push(...images.map(({ name }) => name));
    if (next === null) return { names, pages };
    after = next;
  }
}

test("images are listed page by page, each once, whatever their names", async () => {
  const all: string[] = [];
  for (const [namespace, path, ...tags] of [
    ["docker.io", "library/a", "1", "2", "3"],
    ["docker.io", "library/a-b", "1"],
    ["local", "localhost/x", "1", "latest"],
    ["local", "quay.io/x", "1"],
    ["localhost:5000", "x", "1", "2"],
    ["quay.io", "x", "1"],
  ] as const) {
    await keep(namespace, path, ...tags);
    all.push(...tags.map((tag) => `${namespace}/${path}:${tag}`));
  }
  for (const page of [1, 2, 3, 100]) {
    expect(await listed(page)).toEqual({ names: all, pages: Math.ceil(all.length / page) });
  }
});

test("what is much work makes shorter pages and answers, none of them empty", async () => {
  for (const path of ["a", "b", "c", "d", "e"]) await keep("quay.io", path, "1");
  expect(await listed(100, 20)).toMatchObject({ names: { length: 5 }, pages: 3 });
  const asked = ["a", "b", "c", "d", "e"].map((path) => ({ image: `quay.io/${path}:1`, platforms: "all" as const }));
  expect((await checkAll(survey(20), asked)).images).toMatchObject([{ state: "incomplete" }, { state: "incomplete" }]);
  expect((await checkAll(survey(1), asked)).images).toHaveLength(1);
});

test.each(["", "x", "quay.io/x", "quay.io/x@sha256:1", "quay.io/X:1", ":1"])(
  "there is nothing after %p",
  async (after) => {
    const refused = await listImages(survey(), inventory, after, NEVER).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(RegistryError);
  },
);
