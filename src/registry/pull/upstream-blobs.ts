import type { ByteRange } from "../../lib/text/byte-range.ts";
import type { Clock } from "../../lib/async/clock.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { type Spool, type UploadId, uploadLease } from "../../storage/blobs.ts";
import { type Leases, underLease } from "../../storage/leases.ts";
import type { BlobLinkStore, MetadataStore } from "../../storage/metadata.ts";
import type { BlobTransitionStore } from "../../storage/collection.ts";
import type { Log } from "../../telemetry/log.ts";
import type { BlobHead, BlobRead } from "../../upstream/registry-client.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { keepSpooled, type SpoolAndStore } from "./keep-spooled.ts";
import { BlobDownload } from "./blob-download.ts";
import { isPastTheEnd, openUpstreamBlob, sizeOfUpstreamBlob } from "./open-upstream-blob.ts";
import type { BlobOrigin, PullContext } from "./origin.ts";
import { passThrough } from "./pass-through.ts";
import type { ReservedRoom, Room } from "./room.ts";
import type { RecentFailures } from "./recent-failures.ts";
import type { TrafficCounter } from "./traffic.ts";
import { type Transfer, type TransferParts, transferBlob } from "./transfer-blob.ts";
import { UpstreamQuestions } from "./upstream-questions.ts";
import { ABSENCE_MS, type Upstream, type Upstreams } from "./upstreams.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

const REMEMBERED = 10_000;

/** A download, the repository that it was begun for, and those who will hold the blob once it is here. */
type Flight = {
  readonly download: BlobDownload;
  readonly key: string;
  readonly repositories: Map<string, Repository>;
};
/** A download that is not there yet, and whose repository was asked for it. */
type Start = { readonly key: string; readonly flight: Promise<Flight | null> };

/**
 * Fetches blobs from upstream. All clients that want a blob share one download, whatever image they want it for, if
 * their repository has it; it goes on when they leave. A download is resumed by Range when it breaks off, also after a
 * restart of larder.
 */
export class UpstreamBlobs implements BlobOrigin {
  readonly #upstreams: Upstreams;
  readonly #bytes: SpoolAndStore;
  readonly #spool: Spool;
  readonly #leases: Leases;
  readonly #links: BlobLinkStore;
  readonly #transitions: BlobTransitionStore;
  readonly #transferParts: TransferParts;
  readonly #log: Log;
  readonly #room: Room;
  readonly #failures: RecentFailures;
  readonly #questions: UpstreamQuestions;
  readonly #now: () => number;
  readonly #flights = new Map<Digest, Flight>();
  readonly #starting = new Map<Digest, Start>();
  readonly #heads = new SingleFlight<string, BlobHead | null>();
  readonly #absent: ExpiringMap<string, true>;

  constructor(
    upstreams: Upstreams,
    bytes: SpoolAndStore,
    metadata: Pick<MetadataStore, "links" | "transitions" | "leases">,
    traffic: TrafficCounter,
    { log, failures, room }: { readonly log: Log; readonly failures: RecentFailures; readonly room: Room },
    clock: Clock,
  ) {
    this.#upstreams = upstreams;
    this.#bytes = bytes;
    this.#spool = bytes.spool;
    this.#leases = metadata.leases;
    this.#links = metadata.links;
    this.#transitions = metadata.transitions;
    this.#transferParts = { upstreams, spool: bytes.spool, traffic, log };
    this.#log = log;
    this.#room = room;
    this.#failures = failures;
    this.#questions = new UpstreamQuestions(failures);
    this.#now = clock.now;
    this.#absent = new ExpiringMap(ABSENCE_MS, REMEMBERED, clock.elapsed);
  }

  /** Is this the upload of a blob that is being fetched? */
  isFetching(uploadId: string): boolean {
    return this.#flights.keys().some((digest) => uploadIdOf(digest) === uploadId);
  }

  /** How many blobs are being fetched. */
  get downloads(): number {
    return this.#flights.size;
  }

  /** The blobs that are being fetched, each with the repository that it was begun for. */
  running(): readonly { readonly repository: Repository; readonly digest: Digest; readonly download: BlobDownload }[] {
    return [...this.#flights].flatMap(([digest, { download, repositories }]) => {
      const [repository] = repositories.values();
      return repository === undefined ? [] : [{ repository, digest, download }];
    });
  }

  async size(repository: Repository, digest: Digest, context: PullContext): Promise<number | null> {
    const running = this.#flights.get(digest);
    if (running !== undefined && (await this.#isKnownToHold(running, repository, digest))) return running.download.size;
    const head = await this.#head(repository, digest, context);
    if (head === null || head.sizeBytes !== null) return head?.sizeBytes ?? null;
    // It is there, but how large it is shows only when it is fetched.
    return (await this.download(repository, digest, context))?.size ?? null;
  }

  download(repository: Repository, digest: Digest, context: PullContext): Promise<BlobDownload | null> {
    return this.#questions.waitFor(
      this.#awaitBeginning(repository, digest, context),
      repository,
      keyOf(repository, digest),
      context,
      () => (this.#flights.has(digest) ? "body" : "header"),
    );
  }

  async passThrough(
    repository: Repository,
    blob: { readonly digest: Digest; readonly size: number },
    range: ByteRange | null,
    context: PullContext,
  ): Promise<ReadableStream<Uint8Array> | null> {
    const upstream = await this.#upstreams.findFor(repository, null, context);
    return upstream === null ? null : passThrough(upstream, repository, blob, range, context);
  }

  /**
   * The download, as soon as there is something of it: who is answered with it is not answered in vain. When another
   * repository's comes to nothing, this one's registry may still have the blob.
   */
  async #awaitBeginning(repository: Repository, digest: Digest, context: PullContext): Promise<BlobDownload | null> {
    const key = keyOf(repository, digest);
    for (;;) {
      const flight = this.#flights.get(digest) ?? (await this.#begin(repository, digest, context));
      if (flight === null || !(await this.#mayShare(flight, repository, digest, context))) return null;
      flight.repositories.set(key, repository);
      try {
        await flight.download.begun;
        return flight.download;
      } catch (error) {
        if (flight.key === key && isAbsent(error)) return null;
        if (flight.key === key) throw error;
      }
    }
  }

  /** The flight of a blob that is not on its way yet. Others who begin it meanwhile share the attempt. */
  async #begin(repository: Repository, digest: Digest, context: PullContext): Promise<Flight | null> {
    const key = keyOf(repository, digest);
    const upstream = await this.#upstreams.findFor(repository, null, context);
    // Before the look at what has begun: between that and a beginning of one's own there must be no wait.
    if (upstream !== null && !this.#starting.has(digest)) await this.#questions.assertHope(repository, key, context);
    for (let start = this.#starting.get(digest); start !== undefined; start = this.#starting.get(digest)) {
      if (start.key === key) return start.flight;
      // Another repository's attempt: when it comes to nothing, this one may still have the blob.
      const flight = await start.flight.catch(() => null);
      if (flight !== null) return flight;
    }
    // That the registry does not have it says nothing of other places.
    if (upstream === null || (context.elsewhere === undefined && this.#absent.get(key))) return null;
    const started = this.#questions.watch(repository, key, this.#start(upstream, repository, digest, context));
    const flight = started.finally(() => this.#starting.delete(digest));
    this.#starting.set(digest, { key, flight });
    if ((await flight) === null) this.#absent.set(key, true);
    return flight;
  }

  /** Nobody gets a blob out of a repository that does not have it, only because it is on its way for another one. */
  async #mayShare(flight: Flight, repository: Repository, digest: Digest, context: PullContext): Promise<boolean> {
    return (
      (await this.#isKnownToHold(flight, repository, digest)) ||
      (await this.#head(repository, digest, context)) !== null
    );
  }

  async #isKnownToHold(flight: Flight, repository: Repository, digest: Digest): Promise<boolean> {
    return (
      flight.repositories.has(keyOf(repository, digest)) || (await this.#links.isReferenced(nameOf(repository), digest))
    );
  }

  async #head(repository: Repository, digest: Digest, context: PullContext): Promise<BlobHead | null> {
    const upstream = await this.#upstreams.findFor(repository, null, context);
    const key = keyOf(repository, digest);
    if (upstream === null || this.#absent.get(key)) return null;
    return this.#questions.ask(repository, key, context, this.#heads, async () => {
      const head = await upstream.client.headBlob(repository.path, digest, context);
      if (head === null) this.#absent.set(key, true);
      return head;
    });
  }

  /** Opens the blob at upstream, behind what an earlier run left, and lets the download go its way. */
  async #start(
    upstream: Upstream,
    repository: Repository,
    digest: Digest,
    context: PullContext,
  ): Promise<Flight | null> {
    const id = uploadIdOf(digest);
    const opened = await this.#openBehindLeftover(upstream, repository, digest, context);
    if (opened === null) return null;
    const size = await sizeOfUpstreamBlob(upstream, repository, digest, opened, context);
    const room = await this.#reserve(digest, size, opened);
    try {
      if ((await this.#spool.size(id)) === null) await this.#spool.create(id, algorithmOf(digest), size);
    } catch (error) {
      room.release();
      await opened.body.cancel();
      throw error;
    }
    const download = new BlobDownload(size, opened.offset, () => this.#spool.open(id));
    room.writtenBytes = () => download.written;
    const key = keyOf(repository, digest);
    const flight: Flight = { download, key, repositories: new Map([[key, repository]]) };
    this.#flights.set(digest, flight);
    const transfer = { upstream, repository, digest, id, opened, download, origin: context };
    const attributes = { "larder.repository": nameOf(repository), "larder.digest": digest, "larder.bytes": size };
    void inSpan("download blob", attributes, () => this.#run(transfer, flight)).finally(() => room.release());
    return flight;
  }

  async #reserve(digest: Digest, size: number, { body }: BlobRead): Promise<ReservedRoom> {
    try {
      return await this.#room.reserve(digest, size);
    } catch (error) {
      await body.cancel();
      throw error;
    }
  }

  async #openBehindLeftover(upstream: Upstream, repository: Repository, digest: Digest, context: PullContext) {
    const id = uploadIdOf(digest);
    const leftover = (await this.#spool.size(id)) ?? 0;
    try {
      return await openUpstreamBlob(upstream, repository, digest, leftover, context);
    } catch (error) {
      if (leftover === 0 || !isPastTheEnd(error)) throw error;
      await this.#spool.drop(id);
      return openUpstreamBlob(upstream, repository, digest, 0, context);
    }
  }

  async #run(transfer: Transfer, flight: Flight): Promise<void> {
    const { digest, id, download } = transfer;
    try {
      // However slow it is, it is not abandoned.
      const done = await underLease(this.#leases, uploadLease(id), async () => {
        await transferBlob(transfer, this.#transferParts);
        await this.#keep(transfer, flight);
      });
      if (done === null) throw new RegistryError("UNAVAILABLE", `the blob ${digest} is just being fetched; try again`);
      download.complete();
    } catch (error) {
      // The leftover goes first: the next one must not go on behind it.
      await this.#spool.drop(id).finally(() => this.#flights.delete(digest));
      download.fail(this.#noteFailure(transfer, flight, error));
    }
  }

  #keep({ digest, id }: Transfer, flight: Flight): Promise<void> {
    return this.#transitions.arrive(digest, async () => {
      const size = await keepSpooled(this.#bytes, id, digest);
      for (const repository of flight.repositories.values()) {
        await this.#links.linkBlob(nameOf(repository), digest, size, this.#now(), "cached");
      }
      this.#flights.delete(digest);
    });
  }

  /** Logs and remembers why a download failed, and gives what those who wait for it are told. */
  #noteFailure({ repository, digest }: Transfer, { key }: Flight, error: unknown): unknown {
    const why = describeFailure(error);
    this.#log.write("warning", "a download failed", { image: nameOf(repository), blob: digest, error: why });
    if (isAbsent(error)) this.#absent.set(key, true);
    // Wrong bytes are the upstream's fault, not the client's.
    const isWrong = error instanceof RegistryError && error.code === "DIGEST_INVALID";
    const failure = isWrong ? new UpstreamError({ kind: "protocol" }, `${repository.namespace}: ${why}`) : error;
    if (failure instanceof UpstreamError) this.#failures.remember(repository.namespace, key, failure);
    return failure;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof RegistryError && error.code === "BLOB_UNKNOWN";
}

function keyOf(repository: Repository, digest: Digest): string {
  return `${nameOf(repository)}@${digest}`;
}

/** The same for every run, so that the next one finds what this one left. */
function uploadIdOf(digest: Digest): UploadId {
  return `pull-${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}` as UploadId;
}
