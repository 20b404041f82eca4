import type { PullView } from "../../access/access-control.ts";
import type { Gate } from "../../access/gate.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { Repository } from "../../oci/repository.ts";
import type { PullContext } from "../../registry/pull/origin.ts";
import { BROWSER_HEADERS } from "../browser-headers.ts";
import type { Exchange } from "../exchange.ts";

/** How the programs call themselves that sign images in registries. */
const SIGNING_TOOLS = /^(?:cosign|notation)\//;

/** A request to the distribution API that has been parsed and admitted. */
export class Call {
  readonly exchange: Exchange;
  readonly request: Request;
  /** The namespace that `ns`, the path before `/v2/`, or the host puts the request under; null at larder's own address. */
  readonly namespace: Namespace | null;
  readonly #repository: Repository | null;
  readonly #gate: Gate;

  constructor(exchange: Exchange, namespace: Namespace | null, repository: Repository | null, gate: Gate) {
    this.exchange = exchange;
    this.request = exchange.request;
    this.namespace = namespace;
    this.#repository = repository;
    this.#gate = gate;
  }

  /** What is passed on to upstream registries of this request. */
  get context(): PullContext {
    const { exchange, request } = this;
    return {
      via: request.headers.get("via"),
      requestId: exchange.requestId,
      mayPull: this.mayPull,
      isPush: async () => request.method === "HEAD" && (await this.mayPush()),
      mayHaveUnsigned: async (isHere) => this.#isAboutUnsigned(isHere) && (await this.mayPush()),
      upstreamKey: async () => (await exchange.principal()).upstreamKey ?? null,
      cause: exchange,
    };
  }

  /**
   * Does the request have to be answered though the image lacks a required signature? Clients ask by HEAD what they have just
   * pushed, and those that sign read the manifest first. It is what they say of themselves: that they may push is what counts.
   */
  #isAboutUnsigned(isHere: boolean): boolean {
    const { method, headers } = this.request;
    return (method === "HEAD" && isHere) || SIGNING_TOOLS.test(headers.get("user-agent") ?? "");
  }

  /** May this client push to the repository that it asks about? */
  mayPush(): Promise<boolean> {
    return this.#gate.allows(this.exchange, "push", this.#repository);
  }

  /** What this client may pull from, besides what it asked for; undefined: everything. */
  get mayPull(): PullView | undefined {
    return this.#gate.viewOf(this.exchange);
  }

  /** Does everybody get what others than the repository asked for answer? Else `mayPull` says which, of one by one. */
  get isForAll(): ((repository: Repository) => boolean) | null {
    return this.#gate.everyonePullsAll ? null : (repository) => this.#gate.everyonePulls(repository);
  }
}

/** The headers that every answer of the API carries. Source: Docker's Registry HTTP API V2, "API Version Check". */
export const API_HEADERS: Readonly<Record<string, string>> = {
  "Docker-Distribution-Api-Version": "registry/2.0",
  // With the others, which are made once for a manifest: adding headers to each answer takes a microsecond.
  ...BROWSER_HEADERS,
};
