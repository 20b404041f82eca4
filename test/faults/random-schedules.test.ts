/**
 * Random schedules of all that changes a store, some at once, against a model that knows nothing of how larder works: which tag
 * leads to which manifest. What the model has is there, whole, after each collection and each `kill -9`; what it has not, is
 * not; and when all is removed, no byte stays.
 *
 * LARDER_TEST_SEED=5,6,7 runs the schedules of these seeds instead.
 */
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  contentOf,
  type Content,
  descriptorOf,
  describeManifest,
  digestOf,
  type Image,
  makeIndex,
  makeManifest,
  type ManifestContent,
  TYPE,
} from "../conformance/content-factory.ts";
import { blobUrl, manifestUrl, pushBlob, pushManifest, send } from "../conformance/registry-client.ts";
import { HOST, PullThrough } from "./pull-through.ts";

const SEEDS = Bun.env["LARDER_TEST_SEED"]?.split(",").map(Number) ?? [1, 2, 3, 4];
const STEPS = 150;
const PATHS = ["team/app", "team/web", "ops/tool"];
const TAGS = ["latest", "v1", "v2"];

/** What a tag leads to: an image, or an index with the images that it lists. */
type Tagged = { readonly top: ManifestContent; readonly images: readonly Image[] };

class Schedule {
  readonly #lab: PullThrough;
  readonly #random: () => number;
  /** Layers are shared by images, so that one's removal could harm another. */
  readonly #layers: readonly Content[];
  readonly #tags = new Map<string, Tagged>();
  /** The digests of all manifests that there ever were. */
  readonly #everMade = new Set<string>();
  #made = 0;

  constructor(lab: PullThrough, seed: number) {
    this.#lab = lab;
    this.#random = randomFrom(seed);
    this.#layers = Array.from({ length: 8 }, (_, at) => contentOf(`layer ${at} of ${seed}`.repeat(50)));
  }

  async step(): Promise<void> {
    const steps = [
      () => this.#push(),
      () => this.#push(),
      () => this.#pushIndex(),
      () => this.#mount(),
      () => this.#cache(),
      () => this.#removeTag("api"),
      () => this.#removeTag("admin"),
      () => this.#removeManifest(),
      () => this.#pull(),
      () => this.#collect(),
      () => this.#atOnce(),
    ];
    await this.#pick(steps)();
    if (this.#random() < 0.03) await this.#lab.restart();
    if (this.#random() < 0.2) await this.expectTheModel();
  }

  /** All tags of the model are there and whole, and no others are. */
  async expectTheModel(): Promise<void> {
    for (const [key, { top, images }] of this.#tags) {
      const [path, tag] = split(key);
      expect([key, digestOf((await send("GET", manifestUrl(this.#url, path, tag))).bytes)]).toEqual([key, top.digest]);
      for (const { manifest, blobs } of images) {
        expect([key, (await send("GET", manifestUrl(this.#url, path, manifest.digest))).bytes]).toEqual([
          key,
          manifest.bytes,
        ]);
        for (const { digest } of blobs) {
          const { status, bytes } = await send("GET", blobUrl(this.#url, path, digest));
          expect([key, digest, status, digestOf(bytes)]).toEqual([key, digest, 200, digest]);
        }
      }
    }
    for (const path of PATHS) {
      const { status, text } = await send("GET", `${this.#url}/v2/${path}/tags/list`);
      const listed = status === 200 ? (JSON.parse(text) as { tags: string[] }).tags : [];
      expect([path, listed]).toEqual([path, TAGS.filter((tag) => this.#tags.has(`${path}:${tag}`)).sort()]);
    }
  }

  /** When nothing is left, nothing is left on disk. */
  async expectNothingStays(): Promise<void> {
    for (const key of this.#tags.keys()) await send("DELETE", `${this.#url}/api/v1/images/local/${key}`);
    for (const path of [...PATHS.map((one) => `local/${one}`), `${HOST}/up/app`]) {
      // The last ones first: an index comes behind the images that it lists, which are not removed before it.
      for (const digest of [...this.#everMade].reverse()) {
        await send("DELETE", `${this.#url}/api/v1/images/${path}@${digest}`);
      }
    }
    await this.#collect();
    const left = await readdir(join(this.#lab.larder.dataFolder, "blobs"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
  }

  get #url(): string {
    return this.#lab.larder.url;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] ?? expect.unreachable();
  }

  #anyTag(): string {
    return `${this.#pick(PATHS)}:${this.#pick(TAGS)}`;
  }

  #makeImage(): Image {
    const layers = [this.#pick(this.#layers), this.#pick(this.#layers)];
    const config = contentOf(JSON.stringify({ architecture: "amd64", os: "linux", number: this.#made++ % 20 }));
    const manifest = makeManifest({
      schemaVersion: 2,
      mediaType: TYPE.manifest,
      config: descriptorOf(config, TYPE.config),
      layers: layers.map((layer) => descriptorOf(layer, TYPE.layer)),
    });
    this.#everMade.add(manifest.digest);
    return { manifest, blobs: [config, ...layers] };
  }

  async #pushImage(key: string): Promise<Image> {
    const [path] = split(key);
    const image = this.#makeImage();
    await Promise.all(image.blobs.map((blob) => pushBlob(this.#url, path, blob)));
    return image;
  }

  async #push(key = this.#anyTag()): Promise<void> {
    const [path, tag] = split(key);
    const image = await this.#pushImage(key);
    await pushManifest(this.#url, path, image.manifest, tag);
    this.#tags.set(key, { top: image.manifest, images: [image] });
  }

  async #pushIndex(): Promise<void> {
    const key = this.#anyTag();
    const [path, tag] = split(key);
    const images = [await this.#pushImage(key), await this.#pushImage(key)];
    for (const { manifest } of images) await pushManifest(this.#url, path, manifest);
    const index = makeIndex(images.map(({ manifest }) => describeManifest(manifest)));
    this.#everMade.add(index.digest);
    await pushManifest(this.#url, path, index, tag);
    this.#tags.set(key, { top: index, images });
  }

  /** The blobs come out of another repository, if it still has them. */
  async #mount(): Promise<void> {
    const key = this.#anyTag();
    const [path, tag] = split(key);
    const image = this.#makeImage();
    for (const blob of image.blobs) {
      const query = `mount=${blob.digest}&from=${this.#pick(PATHS)}`;
      const { status } = await send("POST", `${this.#url}/v2/${path}/blobs/uploads/?${query}`);
      if (status !== 201) await pushBlob(this.#url, path, blob);
    }
    await pushManifest(this.#url, path, image.manifest, tag);
    this.#tags.set(key, { top: image.manifest, images: [image] });
  }

  /** An upstream's image shares layers with those that were pushed. */
  async #cache(): Promise<void> {
    const image = this.#makeImage();
    const tag = `t${this.#made}`;
    this.#lab.upstream.addImage(image, tag);
    const { bytes } = await send("GET", this.#lab.manifestUrl(tag, "up/app"));
    expect(digestOf(bytes)).toBe(image.manifest.digest);
    for (const { digest } of image.blobs) {
      expect(digestOf((await send("GET", this.#lab.blobUrl(digest, "up/app"))).bytes)).toBe(digest);
    }
  }

  async #removeTag(by: "api" | "admin"): Promise<void> {
    const key = this.#anyTag();
    const [path, tag] = split(key);
    const url = by === "api" ? manifestUrl(this.#url, path, tag) : `${this.#url}/api/v1/images/local/${key}`;
    const { status } = await send("DELETE", url);
    const done = by === "api" ? 202 : 200;
    expect([key, status]).toEqual([key, this.#tags.has(key) ? done : 404]);
    this.#tags.delete(key);
  }

  async #removeManifest(): Promise<void> {
    const [key, found] = this.#pick([...this.#tags, ["", null] as const]);
    if (found === null) return;
    const [path] = split(key);
    expect((await send("DELETE", manifestUrl(this.#url, path, found.top.digest))).status).toBe(202);
    for (const [other, { top }] of this.#tags) {
      if (other.startsWith(`${path}:`) && top.digest === found.top.digest) this.#tags.delete(other);
    }
  }

  async #pull(): Promise<void> {
    const key = this.#anyTag();
    const [path, tag] = split(key);
    const { status } = await send("GET", manifestUrl(this.#url, path, tag));
    expect([key, status]).toEqual([key, this.#tags.has(key) ? 200 : 404]);
  }

  async #collect(): Promise<void> {
    const body = JSON.stringify({ graceMs: 0 });
    const { status } = await send("POST", `${this.#url}/api/v1/collections`, {
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect(status).toBe(200);
  }

  /** Pushes to several tags, pulls and removals at once, none of the same tag; what a push in flight needs has its grace. */
  async #atOnce(): Promise<void> {
    const keys = [...new Set(Array.from({ length: 4 }, () => this.#anyTag()))];
    const pulls = [...this.#tags].map(async ([key, { top }]) => {
      const [path] = split(key);
      if (keys.includes(key)) return;
      expect((await send("GET", manifestUrl(this.#url, path, top.digest))).status).toBe(200);
    });
    const pushes = keys.map((key) => this.#push(key));
    const collection = send("POST", `${this.#url}/api/v1/collections`, {
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    await Promise.all([...pulls, ...pushes, collection]);
  }
}

test.each(SEEDS)(
  "schedule %d",
  async (seed) => {
    const lab = await PullThrough.start({ arguments: ["--log-level", "error"] });
    try {
      const schedule = new Schedule(lab, seed);
      for (let at = 0; at < STEPS; at++) {
        await schedule.step().catch((cause: unknown) => {
          throw new Error(`step ${at} of seed ${seed}: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          });
        });
      }
      await schedule.expectTheModel();
      await schedule.expectNothingStays();
    } finally {
      await lab.stop();
      await rm(lab.larder.dataFolder, { recursive: true, force: true });
    }
  },
  120_000,
);

function split(key: string): readonly [string, string] {
  const colon = key.lastIndexOf(":");
  return [key.slice(0, colon), key.slice(colon + 1)];
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomFrom(seed: number): () => number {
  let count = 0;
  return () => createHash("sha256").update(`${seed} ${count++}`).digest().readUInt32BE() / 2 ** 32;
}
