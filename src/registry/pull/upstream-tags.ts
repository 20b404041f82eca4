import type { Clock } from "../../lib/async/clock.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";
import type { StoredManifest, Tagged, TagStore } from "../../storage/metadata.ts";
import { isNearEnd } from "../../upstream/transport/rate-limit.ts";
import type { Log } from "../../telemetry/log.ts";
import type { ImageRules } from "../names/image-rules.ts";
import type { ManifestKeeper } from "./manifest-keeper.ts";
import type { FoundManifest, PullContext } from "./origin.ts";
import { PinnedTags } from "./pinned-tags.ts";
import type { RecentFailures } from "./recent-failures.ts";
import { ImageRefused } from "../signatures/image-refused.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import { TagInquiry } from "./tag-inquiry.ts";
import type { TrafficCounter } from "./traffic.ts";
import { UpstreamQuestions } from "./upstream-questions.ts";
import { ABSENCE_MS, type Upstream, type Upstreams } from "./upstreams.ts";

const REMEMBERED = 10_000;
const CACHED_IS_SERVED = "the cached tag is served";

/** The stores and clients that tags of upstream registries are looked up with. */
export type UpstreamTagsParts = {
  readonly upstreams: Upstreams;
  readonly tags: TagStore;
  readonly keeper: ManifestKeeper;
  readonly traffic: TrafficCounter;
  readonly failures: RecentFailures;
  readonly bestEffort: BestEffortWrites;
  readonly clock: Clock;
  readonly log: Log;
  /** The rules that hold at each question. */
  readonly rules: () => ImageRules;
};

/**
 * Looks up which manifests upstream's tags point at. A cached tag is current for its lifetime; then upstream is asked,
 * in one question for all who want to know. When upstream cannot be asked, or does not answer soon, the cached tag
 * answers, however old it is.
 */
export class UpstreamTags {
  readonly #parts: UpstreamTagsParts;
  readonly #flights = new SingleFlight<string, FoundManifest | null>();
  readonly #inquiry: TagInquiry;
  readonly #absent: ExpiringMap<string, true>;
  /** Tags that point at images without a signature now, while an older one is served, and why. */
  readonly #refused: ExpiringMap<string, string>;
  readonly #questions: UpstreamQuestions;
  readonly #pinned: PinnedTags;

  constructor(parts: UpstreamTagsParts) {
    this.#parts = parts;
    this.#pinned = new PinnedTags(parts);
    this.#inquiry = new TagInquiry(parts.clock.elapsed);
    this.#absent = new ExpiringMap(ABSENCE_MS, REMEMBERED, parts.clock.elapsed);
    this.#refused = new ExpiringMap(ABSENCE_MS, REMEMBERED, parts.clock.elapsed);
    this.#questions = new UpstreamQuestions(parts.failures);
  }

  /** As `ManifestOrigin.tag`. */
  async find(
    repository: Repository,
    tag: Tag,
    cached: Tagged | null,
    context: PullContext,
  ): Promise<FoundManifest | null> {
    const upstream = await this.#parts.upstreams.findFor(repository, tag, context);
    if (upstream === null) return kept(cached, null);
    if (cached !== null && context.revalidate !== true && this.isFresh(repository, cached)) return kept(cached, null);
    const key = `${nameOf(repository)}:${tag}`;
    if (this.#absent.get(key)) return kept(cached, "upstream no longer has this tag");
    const refusal = cached === null ? null : this.#refused.get(key);
    if (refusal !== null) return kept(cached, refusal);
    const rule = cached === null ? null : this.#parts.rules().immutableBy(repository, tag);
    const ask = () =>
      cached === null || rule === null
        ? this.#askForTag(upstream, repository, tag, cached, context, key)
        : this.#pinned.look(upstream, repository, { cached, rule }, context);
    if (cached === null) return this.#questions.ask(repository, key, context, this.#flights, ask);
    const spare = { of: (reason: string) => kept(cached, reason), outcome: CACHED_IS_SERVED };
    return this.#questions.askBeside(repository, key, this.#flights, ask, spare);
  }

  /** As `ManifestOrigin.isFresh`. */
  isFresh({ namespace }: Repository, { tag }: Tagged): boolean {
    const upstream = this.#parts.upstreams.find(namespace);
    if (upstream === null) return true;
    const ageMs = this.#parts.clock.now() - tag.checkedAtMs;
    // A tag that was checked in the future was checked by a clock that was wrong.
    if (ageMs >= 0 && ageMs < upstream.tagLifetimeMs) return true;
    const allowance = upstream.client.rateLimit();
    return allowance !== null && isNearEnd(allowance, this.#parts.clock.now());
  }

  async #askForTag(
    upstream: Upstream,
    repository: Repository,
    tag: Tag,
    cached: Tagged | null,
    context: PullContext,
    key: string,
  ): Promise<FoundManifest | null> {
    const found = await this.#revalidate(upstream, repository, tag, cached, context).catch((error: unknown) => {
      // What upstream has now lacks a signature; what it had before has one, or is refused in its turn.
      if (cached === null || !(error instanceof ImageRefused)) throw error;
      this.#refused.set(key, error.message);
      return error;
    });
    if (found instanceof ImageRefused) return kept(cached, found.message);
    if (found !== null) return { manifest: found, warning: null };
    this.#absent.set(key, true);
    return kept(cached, "upstream no longer has this tag");
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
      const touch = () => this.#parts.tags.touchTag(nameOf(repository), tag, this.#parts.clock.now());
      await this.#parts.bestEffort.attempt("that a tag was checked", touch);
      return cached?.manifest ?? null;
    }
    if (answer === null) return null;
    this.#parts.traffic.fetched(repository.namespace, answer.bytes.byteLength);
    return this.#parts.keeper.keep(repository, answer, tag, context);
  }
}

function kept(cached: Tagged | null, warning: string | null): FoundManifest | null {
  return cached === null ? null : { manifest: cached.manifest, warning };
}
