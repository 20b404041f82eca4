import type { Clock } from "../../lib/async/clock.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";
import type { HoldingStore, MetadataStore, StoredManifest, Tagged } from "../../storage/metadata.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ImageRules } from "../names/image-rules.ts";
import { ImageRefused } from "../signatures/image-refused.ts";
import { likelySignatures } from "../../signatures/attachment-layers.ts";
import { ManifestKeeper } from "./manifest-keeper.ts";
import type { FoundManifest, ImageGuard, ManifestOrigin, PullContext } from "./origin.ts";
import type { RecentFailures } from "./recent-failures.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import type { TrafficCounter } from "./traffic.ts";
import { UpstreamQuestions } from "./upstream-questions.ts";
import { UpstreamTags } from "./upstream-tags.ts";
import { ABSENCE_MS, type Upstreams } from "./upstreams.ts";

/** How long the referrers of a manifest are taken for current. */
const REFERRERS_MS = 300_000;
const REMEMBERED = 10_000;
/** More signatures and SBOMs of one image are left to those who ask for them by digest. */
const REFERRERS_LIMIT = 64;

/** What questions to upstream go along with. */
type UpstreamCompanions = {
  readonly failures: RecentFailures;
  readonly bestEffort: BestEffortWrites;
  readonly log: Log;
  /** The rules that hold at each question. */
  readonly rules: () => ImageRules;
  readonly guard: ImageGuard;
};

/** Fetches manifests from upstream and stores them. Concurrent requests for one manifest share one question. */
export class UpstreamManifests implements ManifestOrigin {
  readonly #upstreams: Upstreams;
  readonly #holdings: HoldingStore;
  readonly #tags: UpstreamTags;
  readonly #keeper: ManifestKeeper;
  readonly #traffic: TrafficCounter;
  readonly #manifestFlights = new SingleFlight<string, StoredManifest | null>();
  readonly #referrerFlights = new SingleFlight<string, void>();
  readonly #absent: ExpiringMap<string, true>;
  readonly #questions: UpstreamQuestions;
  readonly #referrersSeen: ExpiringMap<string, true>;

  constructor(
    upstreams: Upstreams,
    store: Pick<MetadataStore, "manifests" | "holdings" | "tags">,
    traffic: TrafficCounter,
    { failures, bestEffort, log, rules, guard }: UpstreamCompanions,
    turns: Turns,
    clock: Clock,
  ) {
    this.#upstreams = upstreams;
    this.#holdings = store.holdings;
    this.#keeper = new ManifestKeeper(store.manifests, { bestEffort, guard }, turns, clock.now);
    const { tags } = store;
    this.#tags = new UpstreamTags({
      upstreams,
      tags,
      keeper: this.#keeper,
      traffic,
      failures,
      bestEffort,
      clock,
      log,
      rules,
    });
    this.#traffic = traffic;
    this.#absent = new ExpiringMap(ABSENCE_MS, REMEMBERED, clock.elapsed);
    this.#questions = new UpstreamQuestions(failures);
    this.#referrersSeen = new ExpiringMap(REFERRERS_MS, REMEMBERED, clock.elapsed);
  }

  isFresh(repository: Repository, cached: Tagged): boolean {
    return this.#tags.isFresh(repository, cached);
  }

  tag(repository: Repository, tag: Tag, cached: Tagged | null, context: PullContext): Promise<FoundManifest | null> {
    return this.#tags.find(repository, tag, cached, context);
  }

  async manifest(repository: Repository, digest: Digest, context: PullContext): Promise<StoredManifest | null> {
    const upstream = await this.#upstreams.findFor(repository, null, context);
    const key = `${nameOf(repository)}@${digest}`;
    if (upstream === null || this.#absent.get(key)) return null;
    return this.#questions.ask(repository, key, context, this.#manifestFlights, async () => {
      const fetched = await upstream.client.getManifest(repository.path, digest, context);
      if (fetched === null) {
        this.#absent.set(key, true);
        return null;
      }
      this.#traffic.fetched(repository.namespace, fetched.bytes.byteLength);
      return this.#keeper.keep(repository, fetched, null, context);
    });
  }

  async signatures(repository: Repository, subject: Digest, context: PullContext): Promise<void> {
    const upstream = await this.#upstreams.findFor(repository, null, context);
    if (upstream === null) return;
    const key = `signatures of ${nameOf(repository)}@${subject}`;
    const asking = { ...context, isGuess: true, isForSignature: true };
    await this.#questions.ask(repository, key, asking, this.#referrerFlights, async () => {
      const found = await upstream.client.listReferrers(repository.path, subject, context);
      const likely = likelySignatures(found).slice(0, REFERRERS_LIMIT);
      const here = await this.#holdings.findManifests([nameOf(repository)], likely);
      for (const digest of likely) if (!here.has(digest)) await this.#bringSignature(repository, digest, asking);
    });
  }

  /** What turns out to be no signature is left where it is. */
  async #bringSignature(repository: Repository, digest: Digest, context: PullContext): Promise<void> {
    try {
      await this.manifest(repository, digest, context);
    } catch (error) {
      if (!(error instanceof ImageRefused)) throw error;
    }
  }

  async referrers(repository: Repository, subject: Digest, context: PullContext): Promise<void> {
    const upstream = await this.#upstreams.findFor(repository, null, context);
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
          const digests = found.slice(0, REFERRERS_LIMIT).map(({ digest }) => digest);
          const here = await this.#holdings.findManifests([nameOf(repository)], digests);
          for (const digest of digests) if (!here.has(digest)) await this.manifest(repository, digest, context);
          this.#referrersSeen.set(key, true);
        },
      );
      await asked;
    } catch (error) {
      // What is kept here is a good answer without upstream's; a pull must not fail for want of a signature.
      if (!(error instanceof RegistryError)) throw error;
    }
  }
}
