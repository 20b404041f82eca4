import { expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { MetadataStore } from "../../storage/metadata.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { BestEffortWrites } from "../pull/best-effort-writes.ts";
import { Recordings } from "./recordings.ts";
import type { SeenPull } from "./seen-pull.ts";

const NGINX = "docker.io/library/nginx" as RepositoryName;
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function manifestOf(document: object, mediaType: string): SeenPull["manifest"] {
  const bytes = encode({ schemaVersion: 2, mediaType, ...document });
  return { digest: digestOf(bytes), mediaType, bytes };
}

const CONFIG = encode({ os: "linux", architecture: "arm64", variant: "v8" });
const LAYER = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf("layer"), size: 5000 };
const config = { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(CONFIG), size: CONFIG.byteLength };
const IMAGE = manifestOf({ config, layers: [LAYER] }, MEDIA_TYPE.ociManifest);
const INDEX = manifestOf(
  {
    manifests: [
      {
        mediaType: IMAGE.mediaType,
        digest: IMAGE.digest,
        size: IMAGE.bytes.byteLength,
        platform: { os: "linux", architecture: "arm64" },
      },
    ],
  },
  MEDIA_TYPE.ociIndex,
);
const SIGNATURE = manifestOf(
  {
    config: { ...config, mediaType: "application/vnd.oci.empty.v1+json" },
    artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json",
    subject: { mediaType: IMAGE.mediaType, digest: IMAGE.digest, size: 1 },
    layers: [],
  },
  MEDIA_TYPE.ociManifest,
);

function recordingsOver(store: MetadataStore, blobs = new Map<Digest, Uint8Array>()): Recordings {
  const log = new LineLog(() => {}, "error", Date.now);
  return new Recordings({
    store: store.recordings,
    blobs: () => ({ readHere: async (_, digest) => blobs.get(digest) ?? null }),
    bestEffort: new BestEffortWrites(log, () => 0),
    turns: new Turns(),
    now: () => 7,
  });
}

function pull(manifest: SeenPull["manifest"], tag: string | null, from: string | null = "10.0.0.7"): SeenPull {
  return { repository: NGINX, tag: tag as Tag | null, manifest, atMs: 5, who: null, from };
}

async function shown(recordings: Recordings, name: string) {
  const { id } = await recordings.get(name);
  return recordings.images(id, { text: "", after: null, limit: 100 });
}

test("a pull is in each recording that runs and means it, once, and is not asked for again", async () => {
  const recordings = recordingsOver(memoryMetadata());
  await recordings.load();
  expect(recordings.isRunning).toBe(false);
  expect(recordings.wants(NGINX, "1", IMAGE.digest)).toBe(false);
  await recordings.start({ name: "all", from: [], append: false }, "ann");
  await recordings.start({ name: "some", from: ["10.0.0.0/24", "fd00::/8"], append: false }, null);
  expect(recordings.wants(NGINX, "1", IMAGE.digest)).toBe(true);
  recordings.note(pull(IMAGE, "1", "10.0.1.1"));
  expect(recordings.wants(NGINX, "1", IMAGE.digest)).toBe(true);
  for (const from of ["fd00::7", "10.0.0.9", null]) recordings.note(pull(IMAGE, "1", from));
  expect(recordings.wants(NGINX, "1", IMAGE.digest)).toBe(false);
  expect(recordings.wants(NGINX, "2", IMAGE.digest)).toBe(true);
  expect((await shown(recordings, "all")).map(({ from }) => from)).toEqual(["10.0.1.1"]);
  expect((await shown(recordings, "some")).map(({ from }) => from)).toEqual(["fd00::7"]);
  await recordings.close();
});

test("what a pull is comes from its manifest, and an image's platform from its config once that is here", async () => {
  const blobs = new Map<Digest, Uint8Array>();
  const recordings = recordingsOver(memoryMetadata(), blobs);
  await recordings.load();
  await recordings.start({ name: "r", from: [], append: false }, null);
  recordings.note(pull(IMAGE, "lone"));
  recordings.note(pull(INDEX, "1.27"));
  recordings.note(pull(SIGNATURE, null));
  recordings.note(pull(manifestOf({ config, layers: [] }, MEDIA_TYPE.ociManifest), `sha256-${"a".repeat(64)}.sig`));
  recordings.note(pull({ ...IMAGE, digest: digestOf("no JSON"), bytes: encode("x").subarray(1) }, "broken"));
  const sizeBytes = IMAGE.bytes.byteLength + CONFIG.byteLength + LAYER.size;
  const found = async () =>
    (await shown(recordings, "r")).map(({ tag, kind, platform, parts }) => [
      tag?.slice(0, 8) ?? null,
      kind,
      platform,
      parts.length,
    ]);
  expect(await found()).toEqual([
    [null, "signature", null, 0],
    ["1.27", "index", null, 0],
    ["broken", "artifact", null, 0],
    ["lone", "image", null, 0],
    ["sha256-a", "signature", null, 0],
  ]);
  blobs.set(config.digest, CONFIG);
  recordings.note(pull(IMAGE, null));
  expect(await found()).toEqual([
    [null, "signature", null, 0],
    ["1.27", "index", null, 1],
    ["broken", "artifact", null, 0],
    ["lone", "image", "linux/arm64", 0],
    ["sha256-a", "signature", null, 0],
  ]);
  const index = (await shown(recordings, "r")).find(({ tag }) => (tag as string) === "1.27");
  expect(index?.parts).toEqual([
    {
      repository: NGINX,
      tag: null,
      digest: IMAGE.digest,
      kind: "image",
      platform: "linux/arm64",
      sizeBytes,
      atMs: 5,
      who: null,
      from: "10.0.0.7",
    },
  ]);
  await recordings.close();
});

test("what a recording holds is held at once, after a restart, and until it is removed, with its signatures", async () => {
  const store = memoryMetadata();
  const first = recordingsOver(store);
  expect(first.reasonFor(NGINX, null, IMAGE.digest)).toBe("recordings that could not be read yet");
  await first.load();
  await first.start({ name: "r", from: [], append: false }, null);
  first.note(pull(IMAGE, "1"));
  const held = (recordings: Recordings) => [
    recordings.reasonFor(NGINX, null, IMAGE.digest),
    recordings.reasonFor(NGINX, "2" as Tag, IMAGE.digest),
    recordings.reasonFor(NGINX, `sha256-${IMAGE.digest.slice(7)}.sig` as Tag, INDEX.digest),
    recordings.reasonFor(NGINX, "1" as Tag, INDEX.digest),
    recordings.reasonFor("quay.io/a/b" as RepositoryName, null, IMAGE.digest),
  ];
  const by = "the recording r";
  expect(held(first)).toEqual([by, by, by, null, null]);
  await first.stop("r");
  expect(first.isRunning).toBe(false);
  expect(held(first)).toEqual([by, by, by, null, null]);
  const second = recordingsOver(store);
  await second.load();
  expect(held(second)).toEqual([by, by, by, null, null]);
  await second.remove("r");
  // The other one shares the store, and hears of it.
  await first.load(false);
  for (const one of [first, second]) expect(held(one)).toEqual([null, null, null, null, null]);
});

test("another larder on the same store hears that a recording begins and ends", async () => {
  const store = memoryMetadata();
  const [here, there] = [recordingsOver(store), recordingsOver(store)];
  await Promise.all([here.load(), there.load()]);
  await here.start({ name: "r", from: [], append: false }, null);
  await there.load(false);
  there.note(pull(IMAGE, "1"));
  await there.close();
  await here.stop("r");
  await there.load(false);
  expect([there.isRunning, (await shown(here, "r")).length]).toEqual([false, 1]);
});

test("what a recording cannot be asked for is refused, with words", async () => {
  const recordings = recordingsOver(memoryMetadata());
  await recordings.load();
  const start = (name: string, from: string[] = [], append = false) => recordings.start({ name, from, append }, null);
  for (const name of ["", "-a", "a b", "a/b", "ä", "x".repeat(65), "..", "\u0000"])
    await expect(start(name)).rejects.toMatchObject({ code: "NAME_INVALID" });
  for (const network of ["10.0.0.0/33", "host", "10.0.0.0/8/8", "fe80::1%eth0"])
    await expect(start("r", [network])).rejects.toThrow("neither a network nor an address");
  expect((await start("r", ["10.0.0.7", " ::ffff:10.0.0.0/104 ", "10.0.0.7"])).networks).toEqual([
    "10.0.0.7",
    "10.0.0.0/8",
  ]);
  await expect(start("r")).rejects.toThrow("runs already");
  await expect(recordings.remove("r")).rejects.toThrow("stop it with larder record stop r");
  await recordings.stop("r");
  await recordings.stop("r");
  await expect(start("r")).rejects.toThrow("--append");
  expect(await start("r", [], true)).toMatchObject({ stoppedAtMs: null, networks: [] });
  for (const work of [() => recordings.stop("s"), () => recordings.remove("s"), () => recordings.get("s")])
    await expect(work()).rejects.toMatchObject({ code: "NAME_UNKNOWN" });
  await recordings.close();
});

test("what could not be written is written with the next, and a stop fails without it", async () => {
  const store = memoryMetadata();
  const recordings = recordingsOver(store);
  await recordings.load();
  await recordings.start({ name: "r", from: [], append: false }, null);
  recordings.note(pull(IMAGE, "1"));
  const note = store.recordings.note.bind(store.recordings);
  store.recordings.note = async () => {
    throw new Error("the disk is full");
  };
  await recordings.settle();
  await expect(recordings.stop("r")).rejects.toThrow("the disk is full");
  expect(recordings.isRunning).toBe(true);
  recordings.note(pull(IMAGE, "2"));
  store.recordings.note = note;
  await recordings.stop("r");
  expect((await shown(recordings, "r")).map(({ tag }) => tag as string)).toEqual(["1", "2"]);
});
