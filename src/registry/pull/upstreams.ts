import type { Namespace } from "../../oci/repository-name.ts";
import type { ClientCertificate } from "../../upstream/transport/client-certificate.ts";
import type { PullContext } from "./origin.ts";
import type { Tag } from "../../oci/tag.ts";
import type { Repository } from "../../oci/repository.ts";
import { type ImageRules, NO_IMAGE_RULES } from "../names/image-rules.ts";
import type { RegistryClient } from "../../upstream/registry-client.ts";

/** How long upstream's answer that something does not exist is remembered, in milliseconds. */
export const ABSENCE_MS = 10_000;

/** A registry that larder fetches from. */
export type Upstream = {
  readonly namespace: Namespace;
  readonly client: RegistryClient;
  /** For how long a tag is taken for current without asking, in milliseconds; `Infinity`: it is never asked for again. */
  readonly tagLifetimeMs: number;
  /** Is any certificate of its host taken? */
  readonly isUnverified: boolean;
  /** What larder shows to it; null: none. */
  readonly clientCertificate: ClientCertificate | null;
  /**
   * Where the registry decides who may pull what of it: a client with the credentials that a key stands for (null: without any),
   * which asks the registry itself and, with credentials, no mirror; null when they are not known any more. `isFresh`: one without
   * tokens that it was given before, and without mirrors, in place of the earlier one. Null: larder's own client is for all.
   */
  readonly clientOf: ((key: string | null, isFresh: boolean) => RegistryClient | null) | null;
};

/** The registries that larder may fetch from, and the offline switch. No other host is ever contacted for content. */
export class Upstreams {
  #upstreams: ReadonlyMap<Namespace, Upstream>;
  #offline: boolean;
  readonly #onSwitch: (offline: boolean) => void;
  readonly #rules: () => ImageRules;

  /** `onSwitch` is told each time that the switch has been turned; `rules` are those that hold at each question. */
  constructor(
    upstreams: readonly Upstream[],
    offline: boolean,
    onSwitch: (offline: boolean) => void = () => {},
    rules: () => ImageRules = () => NO_IMAGE_RULES,
  ) {
    this.#rules = rules;
    this.#upstreams = byNamespace(upstreams);
    this.#offline = offline;
    this.#onSwitch = onSwitch;
  }

  /** From now on these are fetched from. What is on its way from others still comes. */
  replace(upstreams: readonly Upstream[]): void {
    this.#upstreams = byNamespace(upstreams);
  }

  /** Is contacting upstream registries forbidden? Can be switched at run time. */
  get offline(): boolean {
    return this.#offline;
  }

  set offline(offline: boolean) {
    if (offline === this.#offline) return;
    this.#offline = offline;
    this.#onSwitch(offline);
  }

  /** The registry of a namespace; null when there is none or larder is offline. */
  find(namespace: Namespace): Upstream | null {
    return this.#offline ? null : (this.#upstreams.get(namespace) ?? null);
  }

  /**
   * The registry to ask for something of a repository: a tag, or (null) what is asked for by its digest; with the credentials of
   * who asks, where those count. Null as with `find`, and when no such thing may come in.
   */
  async findFor(repository: Repository, tag: Tag | null, context: PullContext): Promise<Upstream | null> {
    const upstream = this.find(repository.namespace);
    if (upstream === null || this.refusal(repository, tag) !== null) return null;
    // For larder itself it is larder's own client; no stranger gets anything by larder's credentials.
    if (upstream.clientOf === null || context.upstreamKey === undefined) return upstream;
    const client = upstream.clientOf(await context.upstreamKey(), false) ?? upstream.clientOf(null, false);
    return client === null ? null : { ...upstream, client };
  }

  /** The rule by which this may not come in; see `ImageRules.refusal`. */
  refusal(repository: Repository, tag: Tag | null): string | null {
    return this.#rules().refusal(repository, tag);
  }

  /** Would the namespace be fetched from if larder were online? */
  knows(namespace: Namespace): boolean {
    return this.#upstreams.has(namespace);
  }

  all(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }
}

function byNamespace(upstreams: readonly Upstream[]): ReadonlyMap<Namespace, Upstream> {
  return new Map(upstreams.map((upstream) => [upstream.namespace, upstream]));
}
