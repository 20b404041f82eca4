import type { Action } from "../../access/action.ts";
import type { Gate } from "../../access/gate.ts";
import { RegistryError } from "../../oci/registry-error.ts";

import type { Repository } from "../../oci/repository.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import type { Catalog } from "../../registry/images/catalog.ts";
import { type Asked, type ServedHosts, locateUnder, namespaceOf } from "../../registry/names/locate.ts";
import type { Manifests } from "../../registry/pull/manifests.ts";
import type { PullNotes } from "../../registry/pull/pull-notes.ts";
import type { Referrers } from "../../registry/images/referrers.ts";
import type { ManifestPushes } from "../../registry/push/manifest-pushes.ts";
import type { Uploads } from "../../registry/push/uploads.ts";
import { isLoop } from "../../upstream/loop-mark.ts";
import { errorResponse } from "../error-response.ts";
import type { AskedScope } from "../challenge.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { sendText } from "../send-text.ts";
import { answerBlob } from "./blobs.ts";
import { API_HEADERS, Call } from "./call.ts";
import { answerCatalog, answerReferrers, answerTags, type ListLimits } from "./lists.ts";
import { answerManifest } from "./manifests.ts";
import { type DistributionPath, METHODS, parseDistributionPath, type Route } from "./route.ts";
import { answerUpload, beginUpload, headersOfUploadFault } from "./uploads.ts";

/** The parts of a registry that the distribution API reads and changes. */
export type Registry = {
  readonly hosts: ServedHosts;
  readonly manifests: Manifests;
  /** Is told of each pull of a manifest. */
  readonly pulls: Pick<PullNotes, "note">;
  readonly pushes: ManifestPushes;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly catalog: Catalog;
  readonly referrers: Referrers;
};

type NamedRoute = Extract<Route, { readonly name: string }>;
/** A route, and the repository that it is about; null for what is about the registry as a whole. */
type Located =
  | { readonly route: NamedRoute; readonly repository: Repository }
  | { readonly route: Exclude<Route, NamedRoute>; readonly repository: null };

/** Answers the distribution API: `/v2/…`, and `/HOST/v2/…`. */
export class DistributionApi implements Pages {
  readonly name = "distribution";
  readonly #registry: Registry;
  readonly #gate: Gate;
  readonly #allowDeletes: boolean;
  readonly #isReadOnly: () => boolean;
  readonly #listLimits: () => ListLimits;
  readonly #locationOrigin: (exchange: Exchange) => string | null;
  readonly #instanceId: string;

  constructor(
    registry: Registry,
    options: {
      gate: Gate;
      allowDeletes: boolean;
      /** Are no pushes and no deletions taken, at this moment? */
      isReadOnly: () => boolean;
      listLimits: () => ListLimits;
      /** Where `Location` leads, in front of its path; null: it is relative. */
      locationOrigin: (exchange: Exchange) => string | null;
      /** This process, as the requests that it sends to upstream registries name it. */
      instanceId: string;
    },
  ) {
    this.#instanceId = options.instanceId;
    this.#registry = registry;
    this.#gate = options.gate;
    this.#allowDeletes = options.allowDeletes;
    this.#isReadOnly = options.isReadOnly;
    this.#listLimits = options.listLimits;
    this.#locationOrigin = options.locationOrigin;
  }

  /** The answer to a request for a path of this API: what it means is found out, whether it may, and then it is done. */
  answer(exchange: Exchange): Promise<Response> | Response | null {
    const { path } = exchange;
    const parsed = parseDistributionPath(path);
    if (parsed !== null) return this.#answer(exchange, parsed);
    if (path !== "/v2" && !path.startsWith("/v2/")) return null;
    throw new RegistryError("NAME_INVALID", "the path is none of the distribution API's");
  }

  explain(fault: unknown, exchange: Exchange): Response {
    return errorResponse(fault, { ...API_HEADERS, ...headersOfUploadFault(fault, exchange) });
  }

  scopeOf(exchange: Exchange): AskedScope {
    const { host, path, query, request } = exchange;
    const parsed = parseDistributionPath(path);
    if (parsed === null) return { namespace: null, scope: null };
    const { route, prefix } = parsed;
    const namespace = namespaceOf({ ns: query.get("ns"), prefix, host }, this.#registry.hosts);
    return { namespace, scope: scopeOf(route, request.method) };
  }

  #answer(exchange: Exchange, { route, prefix }: DistributionPath): Promise<Response> | Response {
    const { request, record } = exchange;
    const { method } = request;
    record.route = route.kind;
    if (!METHODS[route.kind].includes(method)) throw new MethodNotAllowed(method, METHODS[route.kind]);
    const asked: Asked = { ns: exchange.query.get("ns"), prefix, host: exchange.host };
    const via = request.headers.get("via");
    if (via !== null && isLoop(this.#instanceId, via)) throw loopDetected(asked);
    const namespace = namespaceOf(asked, this.#registry.hosts);
    const located: Located =
      "name" in route
        ? { route, repository: locateUnder(route.name, namespace, this.#registry.hosts) }
        : { route, repository: null };
    const { repository } = located;
    record.namespace = repository?.namespace ?? namespace;
    record.repository = repository;
    const action = actionOf(route, method);
    if (action !== "pull" && this.#isReadOnly()) throw readOnly();
    if (action === "delete" && !this.#allowDeletes) throw deletesSwitchedOff();
    const admission =
      route.kind === "base" ? this.#gate.admitKnown(exchange) : this.#gate.admit(exchange, action, repository);
    const call = new Call(exchange, namespace, repository, this.#gate);
    // The connection is asked before anything is waited for.
    const origin = action === "push" ? this.#locationOrigin(exchange) : null;
    const dispatched =
      admission === null ? this.#dispatch(call, located) : admission.then(() => this.#dispatch(call, located));
    const answer = origin === null ? dispatched : withOrigin(dispatched, origin);
    if (namespace === null) return answer;
    const told = asked.ns ?? namespace;
    return answer instanceof Promise
      ? answer.then((response) => withNamespace(response, told))
      : withNamespace(answer, told);
  }

  #dispatch(call: Call, { route, repository }: Located): Promise<Response> | Response {
    const { blobs, catalog, referrers } = this.#registry;
    if (repository === null)
      return route.kind === "base" ? answerBase(call) : answerCatalog(call, catalog, this.#listLimits());
    switch (route.kind) {
      case "tags":
        return answerTags(call, route.name, repository, catalog, this.#listLimits().tags);
      case "manifest":
        return answerManifest(call, repository, route.reference, this.#registry);
      case "blob":
        return answerBlob(call, repository, route.digest, blobs);
      case "uploads":
        return beginUpload(
          call,
          repository,
          (name) => locateUnder(name, call.namespace, this.#registry.hosts),
          this.#registry,
        );
      case "upload":
        return answerUpload(call, repository, route.id, this.#registry.uploads);
      case "referrers":
        return answerReferrers(call, repository, route.digest, referrers);
      default:
        return route satisfies never;
    }
  }
}

async function answerBase({ exchange }: Call): Promise<Response> {
  return sendText(exchange, "{}", { headers: { ...API_HEADERS, "Content-Type": "application/json" } });
}

async function withOrigin(answer: Promise<Response> | Response, origin: string): Promise<Response> {
  const response = await answer;
  const location = response.headers.get("location");
  if (location?.startsWith("/") === true) response.headers.set("location", origin + location);
  return response;
}

/** The header that containerd's proxies look for (distribution-spec main, "Registry Proxying"). */
function withNamespace(response: Response, namespace: string): Response {
  response.headers.set("OCI-Namespace", namespace);
  return response;
}

/** What a request does. A session is its pusher's: nobody else is told how far it is. */
function actionOf({ kind }: Route, method: string): Action {
  if (kind === "upload") return "push";
  if (method === "GET" || method === "HEAD") return "pull";
  return method === "DELETE" ? "delete" : "push";
}

/** A name that is none of a repository's is not asked about: it was refused for that. */
function scopeOf(route: Route, method: string): string | null {
  if (route.kind === "base") return null;
  if (route.kind === "catalog") return "registry:catalog:*";
  const action = actionOf(route, method);
  // Who pushes looks for what is there.
  return `repository:${route.name}:${action === "push" ? "pull,push" : action}`;
}

function deletesSwitchedOff(): RegistryError {
  return new RegistryError("UNSUPPORTED", "deleting is switched off in this registry's configuration");
}

function readOnly(): RegistryError {
  return new RegistryError(
    "UNSUPPORTED",
    "this registry is read-only by its configuration: it takes no pushes and no deletions",
  );
}

function loopDetected({ ns, host }: Asked): RegistryError {
  return new RegistryError(
    "LOOP_DETECTED",
    `a request that larder sent to ${ns ?? host ?? "an upstream registry"} came back to larder: the name leads here from this machine too, by its hosts file or DNS. Give larder a DNS server that knows the real address with --resolver, or the registry's address with --upstream HOST=URL`,
  );
}
