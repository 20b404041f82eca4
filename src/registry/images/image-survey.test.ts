import { beforeEach, describe, expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { Platform } from "../../oci/platform.ts";
import { ALL_PLATFORMS, type PlatformSelection } from "../../oci/platform-selection.ts";
import type { Reference } from "../../oci/reference.ts";
import { type Namespace, parseRepositoryPath } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { MemoryBlobs } from "../../storage/memory/blobs-memory.ts";
import { newUploadId } from "../../storage/blobs.ts";
import type { StoredManifest } from "../../storage/metadata.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { ImageSurvey } from "./image-survey.ts";
import { referencesOf } from "../../oci/manifest-references.ts";
import { nameOf } from "../../oci/repository.ts";

const repository = { namespace: "local" as Namespace, path: parseRepositoryPath("app") };
const ORDER = { unqualified: [], standIns: [], localAnswersForAll: true };
const only = (...platforms: Platform[]): PlatformSelection => ({ kind: "only", platforms });
const LINUX = { os: "linux", architecture: "amd64" };

let metadata: ReturnType<typeof memoryMetadata>;
let blobs: MemoryBlobs;
/** The sizes of the blobs that were kept. */
const sizes = new Map<Digest, number>();
/** Blobs that were looked for on disk. */
let looked: Digest[];

beforeEach(() => {
  metadata = memoryMetadata();
  blobs = new MemoryBlobs();
  looked = [];
});

function survey({ turns = new Turns(), signal = null as AbortSignal | null, enoughParts = 1e9 } = {}): ImageSurvey {
  const size = (digest: Digest) => {
    looked.push(digest);
    return blobs.blobs.size(digest);
  };
  const isWhole = async (digest: Digest, recorded: number) => (await size(digest)) === recorded;
  const files = { isWhole, makeWhole: isWhole };
  return new ImageSurvey({ ...metadata, blobs: blobs.blobs, files, order: ORDER }, turns.begin(signal), enoughParts);
}

async function keepBlob(content: string, name = nameOf(repository)): Promise<Digest> {
  const id = newUploadId();
  await blobs.spool.create(id, "sha256");
  const chunks = async function* () {
    yield new TextEncoder().encode(content);
  };
  await blobs.spool.append(id, chunks(), 1e9);
  await blobs.blobs.put(digestOf(content), await blobs.spool.seal(id, digestOf(content)));
  await metadata.links.linkBlob(name, digestOf(content), content.length, 1);
  sizes.set(digestOf(content), content.length);
  return digestOf(content);
}

async function keep(document: object, tag: string | null): Promise<StoredManifest> {
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, ...document }));
  const parsed = parseManifest(bytes, null);
  const manifest = { digest: digestOf(bytes), mediaType: parsed.mediaType, bytes };
  await metadata.manifests.putManifest(nameOf(repository), {
    manifest,
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references: referencesOf(parsed),
    subject: null,
    tags: tag === null ? [] : [parseTag(tag)],
    kind: "cached",
    isPart: false,
    atMs: 1,
  });
  return manifest;
}

const blob = (digest: Digest, size = 1) => ({ mediaType: "a/b", digest, size });
const configOf = (digest: Digest, size = sizes.get(digest) ?? 1) => ({
  ...blob(digest, size),
  mediaType: MEDIA_TYPE.ociConfig,
});

function keepImage(tag: string | null, config: Digest, layers: readonly Digest[]): Promise<StoredManifest> {
  const document = { mediaType: MEDIA_TYPE.ociManifest, config: configOf(config), layers: layers.map((d) => blob(d)) };
  return keep(document, tag);
}

function keepIndex(tag: string | null, images: readonly StoredManifest[], platforms: readonly object[] = []) {
  const manifests = images.map(({ digest, mediaType, bytes }, index) => {
    const platform = platforms[index] ?? LINUX;
    return { digest, mediaType, size: bytes.byteLength, platform };
  });
  return keep({ mediaType: MEDIA_TYPE.ociIndex, manifests }, tag);
}

const named = (tag: string): Reference => ({ ...repository, tag: parseTag(tag), digest: null });

describe("an image", () => {
  test("is whole when every blob is on disk, wherever it was linked", async () => {
    const config = await keepBlob('{"os":"linux","architecture":"arm64"}');
    const layer = await keepBlob(
      "a layer of another repository",
      nameOf({ ...repository, path: parseRepositoryPath("x") }),
    );
    const image = await keepImage("1", config, [layer]);
    expect(await survey().check(named("1"), ALL_PLATFORMS)).toMatchObject({ state: "whole", missingCount: 0 });
    const { platforms } = await survey().measure(repository, image);
    expect(platforms).toEqual(["linux/arm64"]);
  });

  test("lacks what is not on disk: the first parts by name, all by number", async () => {
    const layers = Array.from({ length: 25 }, (_, index) => digestOf(`lacking ${index}`));
    await keepImage("1", await keepBlob("{}"), [...layers, ...layers]);
    const report = await survey().check(named("1"), ALL_PLATFORMS);
    expect(report).toMatchObject({ state: "incomplete", missing: layers.slice(0, 10), missingCount: 25 });
    expect(report.reason).toContain("25 of its parts are not here");
  });

  test("is looked at for the platforms that are meant", async () => {
    const [here, away] = [await keepBlob("{}"), digestOf("away")];
    const images = [await keepImage(null, here, [here]), await keepImage(null, here, [away])];
    await keepIndex("1", images, [LINUX, { os: "linux", architecture: "arm64" }]);
    const states = async (platforms: Parameters<ImageSurvey["check"]>[1]) =>
      (await survey().check(named("1"), platforms)).state;
    expect(await states(only(LINUX))).toBe("whole");
    expect(await states(only({ os: "linux", architecture: "arm64" }))).toBe("incomplete");
    expect(await states(ALL_PLATFORMS)).toBe("incomplete");
    const { state, reason } = await survey().check(named("1"), only({ os: "plan9", architecture: "mips" }));
    expect([state, reason]).toEqual(["incomplete", expect.stringContaining("there are linux/amd64, linux/arm64")]);
  });

  test("that is nested beyond all bounds is none, and so is one that lists too much", async () => {
    let inner = await keepImage(null, await keepBlob("{}"), []);
    for (let depth = 0; depth < 20; depth++) inner = await keepIndex(depth === 19 ? "deep" : null, [inner]);
    const deep = await survey().check(named("deep"), ALL_PLATFORMS);
    expect(deep).toMatchObject({ state: "incomplete", reason: expect.stringContaining("too deep") as string });
    expect(await survey().measure(repository, inner)).toMatchObject({ platforms: [] });
  });

  test("whose config is something else, and large, is not read into memory for its platform", async () => {
    const large = await keepBlob(`{"os":"linux","architecture":"amd64","x":"${"x".repeat(5 << 20)}"}`);
    const image = await keepImage("1", large, []);
    const { platforms } = await survey().measure(repository, image);
    expect(platforms).toEqual([]);
  });
});

describe("a survey", () => {
  test("looks at an image once, however often it is named", async () => {
    const layers = Array.from({ length: 500 }, (_, index) => digestOf(`layer ${index}`));
    for (const digest of layers.slice(0, 200)) await metadata.links.linkBlob(nameOf(repository), digest, 1, 1);
    const image = await keepImage("1", digestOf("config"), layers);
    await keepIndex(
      "2",
      Array.from({ length: 100 }, () => image),
    );
    const one = survey();
    for (let times = 0; times < 50; times++) {
      await one.check(named("1"), ALL_PLATFORMS);
      await one.check(named("2"), only(LINUX));
      await one.check({ ...repository, tag: null, digest: image.digest }, ALL_PLATFORMS);
    }
    expect(looked.length).toBeLessThanOrEqual(2 * 200);
    looked = [];
    for (let times = 0; times < 50; times++) await one.measure(repository, image);
    expect(looked.length).toBeLessThanOrEqual(200);
  });

  test("leaves others their turns, and ends when its client has left", async () => {
    const client = new AbortController();
    let rounds = 0;
    const nextRound = (callback: () => void) => {
      if (++rounds === 20) client.abort(new Error("the client left"));
      setImmediate(callback);
    };
    const layers = Array.from({ length: 20_000 }, (_, index) => digestOf(`layer ${index}`));
    await keepImage("1", digestOf("config"), layers);
    const turns = new Turns({ turnMs: 0, nextRound });
    await expect(survey({ turns, signal: client.signal }).check(named("1"), ALL_PLATFORMS)).rejects.toThrow(
      "the client left",
    );
    expect(rounds).toBe(20);
    await survey({ turns }).check(named("1"), ALL_PLATFORMS);
    expect(rounds).toBeGreaterThan(500);
  });

  test("has seen enough after so many parts, of images that it had not seen yet", async () => {
    const one = survey({ enoughParts: 100 });
    await keepImage("1", digestOf("config"), [digestOf("layer")]);
    for (let times = 0; times < 100; times++) await one.check(named("1"), ALL_PLATFORMS);
    expect(one.hasSeenEnough).toBe(false);
    const layers = Array.from({ length: 100 }, () => digestOf("layer"));
    await keepImage("2", digestOf("config"), layers);
    await one.check(named("2"), ALL_PLATFORMS);
    expect(one.hasSeenEnough).toBe(true);
  });
});
