import type { Clock } from "../../lib/async/clock.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { within } from "../../lib/async/within.ts";
import type { Digest } from "../../oci/digest.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Tag } from "../../oci/tag.ts";
import { NO_CAUSE } from "../../storage/events.ts";
import type { ManifestStore, StoredManifest, TagStore } from "../../storage/metadata.ts";
import { isNearEnd } from "../../upstream/transport/rate-limit.ts";
import type { FetchedManifest } from "../../upstream/registry-client.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { cachedManifest } from "./cached-manifest.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { FoundManifest, ManifestOrigin, PullContext, Tagged } from "./origin.ts";
import type { RecentFailures } from "./recent-failures.ts";
import type { SpareWrites } from "./spare-writes.ts";
import { TagInquiry } from "./tag-inquiry.ts";
import type { TrafficCounter } from "./traffic.ts";
import { UpstreamQuestions } from "./upstream-questions.ts";
import type { Upstream, Upstreams } from "./upstreams.ts";

/** How long upstream's "there is no such thing" is believed. */
const ABSENCE_MS = 10_000;
/** How long a client waits for upstream when there is a cached tag to give it. */
const PATIENCE_MS = 3000;
/** How long the referrers of a manifest are taken for current. */
const REFERRERS_MS = 300_000;
/** Manifests above this are taken in one after the other: read, the largest ones fill 50 MB each. */
const LARGE_BYTES = 256 << 10;
const REMEMBERED = 10_000;
const CACHED_IS_SERVED = "the cached tag is served";
const WARNING_LENGTH = 500;
/** More signatures and SBOMs of one image are left to those who ask for them by digest. */
const REFERRERS_LIMIT = 64;

/**
 * Manifests from upstream, kept here. Concurrent requests for one manifest share a question; a tag is
 * fetched only when it has moved.
 */
export class UpstreamManifests implements ManifestOrigin {
  readonly #upstreams: Upstreams;
  readonly #store: ManifestStore;
  readonly #tags: TagStore;
  readonly #traffic: TrafficCounter;
  readonly #spareWrites: SpareWrites;
  readonly #turns: Turns;
  readonly #now: () => number;
  readonly #tagFlights = new SingleFlight<string, FoundManifest | null>();
  readonly #manifestFlights = new SingleFlight<string, StoredManifest | null>();
  readonly #referrerFlights = new SingleFlight<string, void>();
  readonly #largeOnes = new KeyedMutex<"large">();
  readonly #inquiry: TagInquiry;
  readonly #absent: ExpiringMap<string, true>;
  readonly #failures: RecentFailures;
  readonly #questions: UpstreamQuestions;
  readonly #referrersSeen: ExpiringMap<string, true>;

  constructor(
    upstreams: Upstreams,
    store: { readonly manifests: ManifestStore; readonly tags: TagStore },
    traffic: TrafficCounter,
    { failures, spareWrites }: { readonly failures: RecentFailures; readonly spareWrites: SpareWrites },
    turns: Turns,
    clock: Clock,
  ) {
    this.#upstreams = upstreams;
    this.#store = store.manifests;
    this.#tags = store.tags;
    this.#traffic = traffic;
    this.#spareWrites = spareWrites;
    this.#turns = turns;
    this.#now = clock.now;
    this.#inquiry = new TagInquiry(clock.elapsed);
    this.#absent = new ExpiringMap(ABSENCE_MS, REMEMBERED, clock.elapsed);
    this.#failures = failures;
    this.#questions = new UpstreamQuestions(failures);
    this.#referrersSeen = new ExpiringMap(REFERRERS_MS, REMEMBERED, clock.elapsed);
  }

  async tag(
    repository: Repository,
    tag: Tag,
    cached: Tagged | null,
    context: PullContext,
  ): Promise<FoundManifest | null> {
    const upstream = this.#upstreams.find(repository.namespace);
    if (upstream === null || (cached !== null && context.revalidate !== true && this.#isFresh(upstream, cached)))
      return kept(cached, null);
    const key = `${nameOf(repository)}:${tag}`;
    if (this.#absent.get(key)) return kept(cached, "upstream no longer has this tag");
    if (cached === null) {
      const ask = () => this.#askForTag(upstream, repository, tag, null, context, key);
      return this.#questions.ask(repository, key, context, this.#tagFlights, ask);
    }
    const failure = this.#failures.find(repository.namespace, key);
    if (failure !== null) return kept(cached, failure.message);
    const asked = this.#tagFlights.run(key, () => this.#askForTag(upstream, repository, tag, cached, context, key));
    return this.#orCached(asked, cached, repository, key);
  }

  async manifest(repository: Repository, digest: Digest, context: PullContext): Promise<StoredManifest | null> {
    const upstream = this.#upstreams.find(repository.namespace);
    const key = `${nameOf(repository)}@${digest}`;
    if (upstream === null || this.#absent.get(key)) return null;
    return this.#questions.ask(repository, key, context, this.#manifestFlights, async () => {
      const fetched = await upstream.client.getManifest(repository.path, digest, context);
      if (fetched === null) {
        this.#absent.set(key, true);
        return null;
      }
      this.#traffic.fetched(repository.namespace, fetched.bytes.byteLength);
      return this.#keep(repository, fetched, null, context);
    });
  }

  async referrers(repository: Repository, subject: Digest, context: PullContext): Promise<void> {
    const upstream = this.#upstreams.find(repository.namespace);
    const key = `${nameOf(repository)}@${subject}`;
    if (upstream === null || this.#referrersSeen.get(key)) return;
    try {
      const asked = this.#questions.ask(
        repository,
        key,
        { ...context, isGuess: true },
        this.#referrerFlights,
        async () => {
          const found = await upstream.client.listReferrers(repository.path, subject, context);
          for (const { digest } of found.slice(0, REFERRERS_LIMIT)) {
            const here = await this.#store.getManifest(nameOf(repository), digest);
            if (here === null) await this.manifest(repository, digest, context);
          }
          this.#referrersSeen.set(key, true);
        },
      );
      await asked;
    } catch (error) {
      // What is kept here is a good answer without upstream's; a pull must not fail for want of a signature.
      if (!(error instanceof RegistryError)) throw error;
    }
  }

  #isFresh(upstream: Upstream, { tag }: Tagged): boolean {
    const ageMs = this.#now() - tag.checkedAtMs;
    // A tag that was checked in the future was checked by a clock that was wrong.
    if (ageMs >= 0 && ageMs < upstream.tagLifetimeMs) return true;
    const allowance = upstream.client.rateLimit();
    return allowance !== null && isNearEnd(allowance, this.#now());
  }

  /**
   * What upstream says, if it says it soon. Else it is still listened to, for those who come later; so it is at once
   * where so many waited in vain that one more need not.
   */
  async #orCached(
    asked: Promise<FoundManifest | null>,
    cached: Tagged,
    repository: Repository,
    key: string,
  ): Promise<FoundManifest | null> {
    const patienceMs = this.#failures.isSilent(repository.namespace) ? 0 : PATIENCE_MS;
    return within(asked, patienceMs, () => {
      const what = patienceMs === 0 ? "is asked, and has left many questions unanswered" : "took over 3 s";
      const slow = new UpstreamError({ kind: "timeout", waiting: "header" }, `upstream ${what}`);
      this.#failures.note(repository.namespace, key, slow, CACHED_IS_SERVED);
      return kept(cached, slow.message);
    });
  }

  async #askForTag(
    upstream: Upstream,
    repository: Repository,
    tag: Tag,
    cached: Tagged | null,
    context: PullContext,
    key: string,
  ): Promise<FoundManifest | null> {
    try {
      const found = await this.#revalidate(upstream, repository, tag, cached, context);
      this.#failures.forget(repository.namespace, key);
      if (found !== null) return { manifest: found, warning: null };
      this.#absent.set(key, true);
      return kept(cached, "upstream no longer has this tag");
    } catch (error) {
      if (cached === null || !(error instanceof UpstreamError) || error.failure.kind === "loop") throw error;
      this.#failures.note(repository.namespace, key, error, CACHED_IS_SERVED);
      return kept(cached, error.message);
    }
  }

  async #revalidate(
    upstream: Upstream,
    repository: Repository,
    tag: Tag,
    cached: Tagged | null,
    context: PullContext,
  ): Promise<StoredManifest | null> {
    const answer = await this.#inquiry.ask(upstream, repository, tag, cached?.manifest.digest ?? null, context);
    if (answer === "unchanged") {
      const touch = () => this.#tags.touchTag(nameOf(repository), tag, this.#now());
      await this.#spareWrites.attempt("that a tag was checked", touch);
      return cached?.manifest ?? null;
    }
    if (answer === null) return null;
    this.#traffic.fetched(repository.namespace, answer.bytes.byteLength);
    return this.#keep(repository, answer, tag, context);
  }

  /** Stores a manifest as a cached one, if it can be. Its blobs come when they are asked for. */
  #keep(
    repository: Repository,
    fetched: FetchedManifest,
    tag: Tag | null,
    context: PullContext,
  ): Promise<StoredManifest> {
    const take = () => this.#take(repository, fetched, tag, context);
    return fetched.bytes.byteLength > LARGE_BYTES ? this.#largeOnes.run("large", take) : take();
  }

  async #take(
    repository: Repository,
    { bytes, digest, mediaType }: FetchedManifest,
    tag: Tag | null,
    { cause = NO_CAUSE }: PullContext,
  ): Promise<StoredManifest> {
    const parsed = await this.#parse(repository, bytes, mediaType);
    const manifest: StoredManifest = { digest, mediaType: parsed.mediaType, bytes };
    const put = { ...cachedManifest(manifest, parsed, tag, this.#now()), cause };
    const keep = () => this.#store.putManifest(nameOf(repository), put);
    await this.#spareWrites.attempt("a manifest from upstream", keep);
    return manifest;
  }

  async #parse(repository: Repository, bytes: Uint8Array, mediaType: string | null): Promise<Manifest> {
    try {
      return await this.#turns.begin().finish(manifestSteps(bytes, mediaType));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new UpstreamError(
        { kind: "protocol" },
        `${repository.namespace} sent something for ${nameOf(repository)} that is no manifest: ${why}`,
        { cause },
      );
    }
  }
}

function kept(cached: Tagged | null, warning: string | null): FoundManifest | null {
  return cached === null ? null : { manifest: cached.manifest, warning: warning && printable(warning) };
}

/** What upstream says of itself may hold anything; a header takes only so much. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, WARNING_LENGTH);
}
