import type { Clock } from "../../lib/async/clock.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import type { Digest } from "../../oci/digest.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Tagged, TagStore } from "../../storage/metadata.ts";
import type { Log } from "../../telemetry/log.ts";
import { isUpstreamDown, UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import type { FoundManifest, PullContext } from "./origin.ts";
import type { Upstream } from "./upstreams.ts";

/** That a tag has moved is in the log once a day. */
const TOLD_MS = 86_400_000;
const REMEMBERED = 10_000;

type PinnedTagsParts = {
  readonly tags: TagStore;
  readonly bestEffort: BestEffortWrites;
  readonly clock: Clock;
  readonly log: Log;
};

/** Looks what upstream has for cached tags that never change here, so that people hear when it has moved one. */
export class PinnedTags {
  readonly #parts: PinnedTagsParts;
  readonly #told: ExpiringMap<string, Digest>;

  constructor(parts: PinnedTagsParts) {
    this.#parts = parts;
    this.#told = new ExpiringMap(TOLD_MS, REMEMBERED, parts.clock.elapsed);
  }

  /** What is cached, with a warning when upstream has another one. Throws an `UpstreamError` when it cannot be asked. */
  async look(
    { client, namespace }: Upstream,
    repository: Repository,
    { cached, rule }: { readonly cached: Tagged; readonly rule: string },
    context: PullContext,
  ): Promise<FoundManifest> {
    const { tag } = cached.tag;
    const name = nameOf(repository);
    const now = await client.headManifest(repository.path, tag, context).catch((error: unknown) => {
      // Not every registry takes a HEAD; whether the tag has moved is not worth fetching it.
      if (!(error instanceof UpstreamError) || isUpstreamDown(error)) throw error;
      return { digest: null };
    });
    const touch = () => this.#parts.tags.touchTag(name, tag, this.#parts.clock.now());
    await this.#parts.bestEffort.attempt("that a tag was checked", touch);
    const { manifest } = cached;
    if (now === null) return { manifest, warning: "upstream no longer has this tag" };
    if (now.digest === null || now.digest === manifest.digest) return { manifest, warning: null };
    const warning = `${namespace} has moved this tag to ${now.digest}; here it stays as it came, by the rule ${rule}`;
    this.#tell(`${name}:${tag}`, manifest.digest, now.digest, rule);
    return { manifest, warning };
  }

  #tell(image: string, digest: Digest, upstreams: Digest, rule: string): void {
    if (this.#told.get(image) === upstreams) return;
    this.#told.set(image, upstreams);
    const message = "upstream has moved a tag that is immutable here; the first digest is served";
    this.#parts.log.write("warning", message, { image, digest, upstream: upstreams, rule });
  }
}
