import { SingleFlight } from "../lib/single-flight.ts";
import { ExpiringMap } from "../lib/expiring-map.ts";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.ts";
import type { UploadId, UploadStore } from "../storage/blobs.ts";
import type { BlobLinkStore, CollectionStore } from "../storage/metadata.ts";
import type { Log } from "../telemetry/log.ts";
import type { BlobRead } from "../upstream/registry-client.ts";
import { skipBytes } from "../upstream/response-body.ts";
import { isUpstreamDown, UpstreamError } from "../upstream/upstream-error.ts";
import { BlobDownload } from "./blob-download.ts";
import { nameOf } from "./candidates.ts";
import type { Target } from "./locate.ts";
import type { BlobOrigin, OnBehalf } from "./origin.ts";
import type { TrafficCounter } from "./traffic.ts";
import type { Upstream, Upstreams } from "./upstreams.ts";

const ABSENCE_MS = 10_000;
const REMEMBERED = 10_000;
/** Attempts to go on after a break, each but the first after a pause; those that brought something do not count. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 200;

/** A download and those who will hold the blob once it is here. */
type Flight = { readonly download: BlobDownload; readonly targets: Map<string, Target> };

/**
 * Blobs from upstream. All who want a blob share one download, whatever image they want it for; it goes on when they
 * leave. A break is resumed by Range, and so is a download that a restart of larder cut off.
 */
export class UpstreamBlobs implements BlobOrigin {
  readonly #upstreams: Upstreams;
  readonly #uploads: UploadStore;
  readonly #links: BlobLinkStore;
  readonly #collection: CollectionStore;
  readonly #traffic: TrafficCounter;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #flights = new Map<Digest, Flight>();
  readonly #starting = new SingleFlight<Digest, Flight | null>();
  readonly #sizes = new SingleFlight<string, number | null>();
  readonly #absent: ExpiringMap<string, true>;

  constructor(
    upstreams: Upstreams,
    uploads: UploadStore,
    metadata: { readonly links: BlobLinkStore; readonly collection: CollectionStore },
    traffic: TrafficCounter,
    log: Log,
    now: () => number,
  ) {
    this.#upstreams = upstreams;
    this.#uploads = uploads;
    this.#links = metadata.links;
    this.#collection = metadata.collection;
    this.#traffic = traffic;
    this.#log = log;
    this.#now = now;
    this.#absent = new ExpiringMap(ABSENCE_MS, REMEMBERED, now);
  }

  async size(target: Target, digest: Digest, behalf: OnBehalf): Promise<number | null> {
    const running = this.#flights.get(digest);
    if (running !== undefined) return running.download.size;
    const upstream = this.#upstreams.find(target.namespace);
    const key = `${nameOf(target)}@${digest}`;
    if (upstream === null || this.#absent.get(key)) return null;
    return this.#sizes.run(key, async () => {
      const head = await upstream.client.headBlob(target.path, digest, behalf);
      if (head === null) this.#absent.set(key, true);
      return head?.sizeBytes ?? null;
    });
  }

  async download(target: Target, digest: Digest, behalf: OnBehalf): Promise<BlobDownload | null> {
    const upstream = this.#upstreams.find(target.namespace);
    const key = `${nameOf(target)}@${digest}`;
    const running = this.#flights.get(digest);
    if (running === undefined && (upstream === null || this.#absent.get(key))) return null;
    const flight =
      running ??
      (upstream === null
        ? null
        : await this.#starting.run(digest, () => this.#start(upstream, target, digest, behalf)));
    if (flight === null) {
      this.#absent.set(key, true);
      return null;
    }
    flight.targets.set(key, target);
    return flight.download;
  }

  /** Opens the blob at upstream, behind what an earlier run left, and lets the download go its way. */
  async #start(upstream: Upstream, target: Target, digest: Digest, behalf: OnBehalf): Promise<Flight | null> {
    const id = uploadIdOf(digest);
    const opened = await this.#openBehindLeftover(upstream, target, digest, behalf);
    if (opened === null) return null;
    const size = opened.totalBytes;
    if (size === null) {
      await opened.body.cancel();
      throw new UpstreamError({ kind: "protocol" }, `${target.namespace} does not say how large the blob ${digest} is`);
    }
    if ((await this.#uploads.size(id)) === null) await this.#uploads.create(id, algorithmOf(digest));
    const download = new BlobDownload(size, opened.offset, () => this.#uploads.open(id));
    const flight: Flight = { download, targets: new Map([[`${nameOf(target)}@${digest}`, target]]) };
    this.#flights.set(digest, flight);
    void this.#run(upstream, target, digest, id, opened, flight);
    return flight;
  }

  async #openBehindLeftover(upstream: Upstream, target: Target, digest: Digest, behalf: OnBehalf) {
    const id = uploadIdOf(digest);
    const leftover = (await this.#uploads.size(id)) ?? 0;
    try {
      return await openAt(upstream, target, digest, leftover, behalf);
    } catch (error) {
      if (leftover === 0 || !isPastTheEnd(error)) throw error;
      await this.#uploads.abort(id);
      return openAt(upstream, target, digest, 0, behalf);
    }
  }

  async #run(upstream: Upstream, target: Target, digest: Digest, id: UploadId, opened: BlobRead, flight: Flight) {
    const { download } = flight;
    try {
      await this.#transfer(upstream, target, digest, id, opened, download);
      await this.#collection.exclusively(digest, async () => {
        const size = await this.#uploads.commit(id, digest);
        for (const { namespace, path } of flight.targets.values()) {
          await this.#links.linkBlob(nameOf({ namespace, path }), digest, size, this.#now());
        }
        this.#flights.delete(digest);
      });
      download.complete();
    } catch (error) {
      this.#flights.delete(digest);
      await this.#uploads.abort(id);
      const why = error instanceof Error ? error.message : String(error);
      this.#log.write("warning", "a download failed", { image: nameOf(target), blob: digest, error: why });
      download.fail(error);
    }
  }

  /** Writes the body to disk; goes on behind a break. */
  async #transfer(
    upstream: Upstream,
    target: Target,
    digest: Digest,
    id: UploadId,
    opened: BlobRead,
    download: BlobDownload,
  ): Promise<void> {
    let body: ReadableStream<Uint8Array> | null = opened.body;
    let failures = 0;
    for (let size = opened.offset; size < download.size || body !== null; ) {
      const before = size;
      try {
        if (body === null) body = await reopen(upstream, target, digest, size);
        size = await this.#uploads.append(id, body, download.size, (written) => {
          this.#traffic.fetched(target.namespace, written - size);
          size = written;
          download.advance(written);
        });
      } catch (error) {
        size = (await this.#uploads.size(id)) ?? 0;
        failures = size > before ? 1 : failures + 1;
        if (!isUpstreamDown(error) || failures > ATTEMPTS || this.#upstreams.offline) throw error;
        this.#log.write("info", "a download broke off and is resumed", { blob: digest, at: size, of: download.size });
        await Bun.sleep(FIRST_PAUSE_MS * 2 ** (failures - 1));
      }
      body = null;
    }
  }
}

async function reopen(upstream: Upstream, target: Target, digest: Digest, offset: number) {
  const opened = await openAt(upstream, target, digest, offset, { via: null });
  if (opened !== null) return opened.body;
  throw new UpstreamError(
    { kind: "protocol" },
    `${target.namespace} no longer has the blob ${digest} that it was sending`,
  );
}

/** The blob from `offset` on; what a server sends before that, because it knows no ranges, is skipped. */
async function openAt(
  { client }: Upstream,
  target: Target,
  digest: Digest,
  offset: number,
  behalf: OnBehalf,
): Promise<BlobRead | null> {
  const opened = await client.getBlob(target.path, digest, { ...behalf, offset });
  if (opened === null || opened.offset === offset) return opened;
  return { ...opened, body: skipBytes(opened.body, offset - opened.offset), offset };
}

/** A leftover that is longer than the blob is not its beginning. */
function isPastTheEnd(error: unknown): boolean {
  return error instanceof UpstreamError && error.failure.kind === "rejected" && error.failure.status === 416;
}

/** The same for every run, so that the next one finds what this one left. */
function uploadIdOf(digest: Digest): UploadId {
  return `pull-${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}` as UploadId;
}
