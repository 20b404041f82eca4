import type { Clock } from "../../lib/async/clock.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { sortSteps } from "../../lib/async/sort-steps.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { addClause } from "../../lib/text/add-clause.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { TagList, TagListStore } from "../../storage/tag-lists.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import { KeptTagLists } from "./kept-tag-lists.ts";
import type { ListedTags, PullContext, TagListOrigin } from "./origin.ts";
import type { RecentFailures } from "./recent-failures.ts";
import { UpstreamQuestions } from "./upstream-questions.ts";
import { ABSENCE_MS, type Upstream, type Upstreams } from "./upstreams.ts";

const REMEMBERED = 10_000;
/** Who goes from page to page sees one list, however short its lifetime. */
const PAGING_MS = 60_000;
const KEPT_IS_LISTED = "the tags of the last list are listed";

/** What tag lists of upstream registries are made with. */
export type UpstreamTagListsParts = {
  readonly upstreams: Upstreams;
  readonly store: TagListStore;
  readonly bestEffort: BestEffortWrites;
  readonly failures: RecentFailures;
  readonly turns: Turns;
  readonly clock: Clock;
};

/**
 * Lists the tags of upstream's repositories. A list is current for the lifetime of the registry's tags; then upstream is
 * asked, in one question for all who want to know. When upstream cannot be asked, or does not answer soon, the last list
 * answers, however old it is: automatic updates would take a shorter one for a step back.
 */
export class UpstreamTagLists implements TagListOrigin {
  readonly #parts: UpstreamTagListsParts;
  readonly #kept: KeptTagLists;
  readonly #flights = new SingleFlight<string, TagList | null>();
  readonly #absent: ExpiringMap<string, true>;
  readonly #questions: UpstreamQuestions;

  constructor(parts: UpstreamTagListsParts) {
    this.#parts = parts;
    this.#kept = new KeptTagLists(parts.store, parts.bestEffort);
    this.#absent = new ExpiringMap(ABSENCE_MS, REMEMBERED, parts.clock.elapsed);
    this.#questions = new UpstreamQuestions(parts.failures);
  }

  async tags(repository: Repository, context: PullContext, isLaterPage: boolean): Promise<ListedTags | null> {
    const { upstreams } = this.#parts;
    const name = nameOf(repository);
    const kept = await this.#kept.get(name);
    if (upstreams.refusal(repository, null) !== null) return null;
    const upstream = await upstreams.findFor(repository, null, context);
    if (upstream === null) {
      return kept !== null && upstreams.knows(repository.namespace) ? this.#late(kept, "larder is offline") : null;
    }
    if (kept !== null && this.#isCurrent(kept, upstream, isLaterPage)) return listed(kept);
    if (this.#absent.get(name)) return null;
    const ask = () => this.#ask(upstream, repository, context, name);
    if (kept === null) {
      const asked = await this.#questions.ask(repository, name, context, this.#flights, ask);
      return asked === null ? null : listed(asked);
    }
    const answer = { of: (reason: string) => this.#late(kept, reason), outcome: KEPT_IS_LISTED };
    const asked = await this.#questions.askBeside(repository, name, this.#flights, ask, answer);
    return asked === null || "warning" in asked ? asked : listed(asked);
  }

  #isCurrent({ fetchedAtMs }: TagList, { tagLifetimeMs }: Upstream, isLaterPage: boolean): boolean {
    const ageMs = this.#parts.clock.now() - fetchedAtMs;
    // What was fetched in the future was fetched by a clock that was wrong.
    return ageMs >= 0 && ageMs < (isLaterPage ? Math.max(tagLifetimeMs, PAGING_MS) : tagLifetimeMs);
  }

  async #ask(
    upstream: Upstream,
    repository: Repository,
    context: PullContext,
    name: RepositoryName,
  ): Promise<TagList | null> {
    const found = await upstream.client.listTags(repository.path, context);
    if (found === null) {
      await this.#kept.delete(name);
      this.#absent.set(name, true);
      return null;
    }
    const tags = await this.#parts.turns.begin().finish(sortSteps(found.tags));
    const list = { tags, isCut: found.isCut, fetchedAtMs: this.#parts.clock.now() };
    await this.#kept.set(name, list);
    return list;
  }

  #late(kept: TagList, reason: string): ListedTags {
    const warning = addClause(reason, `these are the tags of ${new Date(kept.fetchedAtMs).toISOString()}`);
    return { tags: kept.tags, warning };
  }
}

function listed({ tags, isCut }: TagList): ListedTags {
  return { tags, warning: isCut ? `upstream has more tags than these ${tags.length} of its list` : null };
}
