import type { InputOf } from "../../admin/contract.ts";
import { beforeEach, expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type Namespace, parseRepositoryPath, repositoryName } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { ImageSurvey } from "../../registry/images/image-survey.ts";
import { Inventory } from "../../registry/images/inventory.ts";
import { MemoryBlobs } from "../../storage/memory/blobs-memory.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { ImagePage } from "../../admin/image-schemas.ts";
import { checkImages, listImages } from "./images.ts";

const NEVER = new AbortController().signal;
const ORDER = { unqualified: [], standIns: [], localAnswersForAll: true };

let metadata: ReturnType<typeof memoryMetadata>;
let inventory: Inventory;
beforeEach(() => {
  metadata = memoryMetadata();
  inventory = new Inventory(metadata, new Turns());
});

function survey(enoughParts = 1e9): ImageSurvey {
  const { blobs } = new MemoryBlobs();
  const files = { isWhole: async () => false, makeWhole: async () => false };
  return new ImageSurvey({ ...metadata, blobs, files, order: ORDER }, new Turns().begin(), enoughParts);
}

/** An image whose ten layers are nowhere. */
async function keep(namespace: string, path: string, ...tags: readonly string[]): Promise<Digest> {
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
  return digestOf(bytes);
}

const ALL = { sort: "name", order: "asc", limit: 1000 } as const;

async function listed(
  asked: Partial<InputOf<"listImages">>,
  enoughParts?: number,
): Promise<{ names: readonly string[]; pages: number }> {
  const names: string[] = [];
  for (let [after, pages]: [string | undefined, number] = [undefined, 1]; ; pages++) {
    const page: ImagePage = await listImages(survey(enoughParts), inventory, { ...ALL, ...asked, after }, NEVER);
    names.push(...page.images.map(({ name }) => name));
    if (page.next === null) return { names, pages };
    after = page.next;
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
    expect(await listed({ limit: page })).toEqual({ names: all, pages: Math.ceil(all.length / page) });
  }
});

test("what is attached to an image that is here is none of its own, unless it is looked for", async () => {
  const digest = await keep("quay.io", "signed", "1");
  const attached = ["", ".att", ".sbom", ".sig"].map((suffix) => digest.replace(":", "-") + suffix);
  await keep("quay.io", "signed", ...attached);
  // In another repository, or without its image, it is all that there is to see.
  await keep("quay.io", "elsewhere", `${digest.replace(":", "-")}.sig`);
  const stray = `quay.io/elsewhere:${digest.replace(":", "-")}.sig`;
  for (const limit of [1, 2, 100]) expect((await listed({ limit })).names).toEqual([stray, "quay.io/signed:1"]);
  const names = attached.map((tag) => `quay.io/signed:${tag}`);
  expect((await listed({ search: "signed:sha256-" })).names).toEqual(names);
});

test("what is much work makes shorter pages and answers, none of them empty", async () => {
  for (const path of ["a", "b", "c", "d", "e"]) await keep("quay.io", path, "1");
  expect(await listed({}, 20)).toMatchObject({ names: { length: 5 }, pages: 3 });
  const asked = ["a", "b", "c", "d", "e"].map((path) => ({ image: `quay.io/${path}:1`, platforms: "all" as const }));
  expect((await checkImages(survey(20), asked)).images).toMatchObject([
    { state: "incomplete" },
    { state: "incomplete" },
  ]);
  expect((await checkImages(survey(1), asked)).images).toHaveLength(1);
});

test("a list is of the namespace, the kind and the text that were asked for, in either direction", async () => {
  for (const namespace of ["docker.io", "local", "quay.io"]) await keep(namespace, "team/app", "1", "2");
  expect((await listed({ namespace: "quay.io" })).names).toEqual(["quay.io/team/app:1", "quay.io/team/app:2"]);
  expect((await listed({ namespace: "registry-1.docker.io", order: "desc" })).names).toEqual([
    "docker.io/team/app:2",
    "docker.io/team/app:1",
  ]);
  expect((await listed({ search: "o/team/app:2", limit: 1 })).names).toHaveLength(2);
  expect((await listed({ search: "APP" })).names).toEqual([]);
  expect((await listed({ kind: "pushed" })).names).toEqual([]);
  expect((await listed({ kind: "cached", sort: "updated" })).names).toHaveLength(6);
});

const token = (...place: unknown[]) => Buffer.from(JSON.stringify(place)).toString("base64url");
test.each([
  "",
  "x",
  "quay.io/x:1",
  token(),
  token("name", true, "quay.io/x", "1", "cached", 0, null),
  token("updated", false, "quay.io/x", "1", "cached", 0, null),
  token("name", false, "quay.io/x", "1", "cached", 1e300, null),
  token("name", false, "quay.io/x", "1", "cached", 0, 0, 0),
  token("name", false, { a: 1 }, "1", "cached", 0, null),
  Buffer.from("[".repeat(3000)).toString("base64url"),
])("there is nothing after %p", async (after) => {
  const refused = await listImages(survey(), inventory, { ...ALL, after }, NEVER).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(RegistryError);
  expect(refused).toMatchObject({ code: "BAD_REQUEST" });
});

test("a namespace that can be none is refused", async () => {
  await expect(listed({ namespace: "a b" })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});
