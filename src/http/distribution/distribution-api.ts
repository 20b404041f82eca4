import type { Action } from "../../access/access-control.ts";
import type { Gate } from "../../access/gate.ts";
import type { Arrival } from "../../access/principal.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type Namespace, type RepositoryName, repositoryName } from "../../oci/repository-name.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import type { Catalog } from "../../registry/images/catalog.ts";
import { type Asked, type ServedHosts, locateUnder, namespaceOf } from "../../registry/names/locate.ts";
import type { Manifests } from "../../registry/pull/manifests.ts";
import type { Referrers } from "../../registry/images/referrers.ts";
import type { ManifestPushes } from "../../registry/push/manifest-pushes.ts";
import type { Uploads } from "../../registry/push/uploads.ts";
import { isLoop } from "../../upstream/loop-mark.ts";
import { errorResponse } from "../error-response.ts";
import { answerBlob } from "./blobs.ts";
import { API_HEADERS, type Call } from "./call.ts";
import { answerCatalog, answerReferrers, answerTags } from "./lists.ts";
import { answerManifest } from "./manifests.ts";
import { METHODS, parseDistributionPath, type Route } from "./route.ts";
import { answerUpload, beginUpload } from "./uploads.ts";

/** The parts of the registry that the API speaks for. */
export type Registry = {
  readonly hosts: ServedHosts;
  readonly manifests: Manifests;
  readonly pushes: ManifestPushes;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  readonly catalog: Catalog;
  readonly referrers: Referrers;
};

/** What the listener knows of a connection. */
export type Connection = {
  readonly arrival: () => Arrival;
  /** Lets this request be silent for long. */
  readonly allowSlowTransfer: () => void;
};

/** Most requests have none, and nobody writes to it. */
const NO_QUERY = new URLSearchParams();

/** Answers the distribution API: `/v2/…`, and `/HOST/v2/…`. */
export class DistributionApi {
  readonly #registry: Registry;
  readonly #gate: Gate;
  readonly #allowDeletes: boolean;
  readonly #instanceId: string;
  readonly #reportFault: (error: unknown, request: Request) => void;

  constructor(
    registry: Registry,
    options: {
      gate: Gate;
      allowDeletes: boolean;
      /** This process, as the requests that it sends to upstream registries name it. */
      instanceId: string;
      reportFault: (error: unknown, request: Request) => void;
    },
  ) {
    this.#instanceId = options.instanceId;
    this.#registry = registry;
    this.#gate = options.gate;
    this.#allowDeletes = options.allowDeletes;
    this.#reportFault = options.reportFault;
  }

  /** The answer to a request for `path` (as it was sent, without its query); null when the path is not of this API. */
  answer(request: Request, path: string, search: string, connection: Connection): Promise<Response> | null {
    const parsed = parseDistributionPath(path);
    if (parsed !== null) return this.#answer(request, parsed, path, search, connection);
    if (path !== "/v2" && !path.startsWith("/v2/")) return null;
    const unknown = new RegistryError("NAME_INVALID", "the path is none of the distribution API's");
    return Promise.resolve(errorResponse(unknown, { ...API_HEADERS }));
  }

  async #answer(
    request: Request,
    { route, prefix }: { readonly route: Route; readonly prefix: string | null },
    path: string,
    search: string,
    connection: Connection,
  ): Promise<Response> {
    const query = search === "" ? NO_QUERY : new URLSearchParams(search);
    if (!METHODS[route.kind].includes(request.method)) return methodNotAllowed(request, route);
    const asked: Asked = { ns: query.get("ns"), prefix, host: request.headers.get("host") };
    try {
      const via = request.headers.get("via");
      if (via !== null && isLoop(this.#instanceId, via)) throw loopDetected(asked);
      const namespace = namespaceOf(asked, this.#registry.hosts);
      const mayPush = () =>
        this.#gate.allows(request, connection.arrival(), "push", this.#repositoryOf(route, namespace));
      const call: Call = {
        request,
        path,
        route,
        query,
        namespace,
        context: { via, isPush: async () => request.method === "HEAD" && (await mayPush()) },
        mayPush,
        allowSlowTransfer: connection.allowSlowTransfer,
      };
      const action = actionOf(route, request.method);
      if (action !== null) {
        if (action === "delete" && !this.#allowDeletes) throw deletesSwitchedOff();
        await this.#gate.admit(request, connection.arrival(), action, this.#repositoryOf(route, namespace));
      }
      const response = await this.#dispatch(call);
      if (namespace !== null) response.headers.set("OCI-Namespace", asked.ns ?? namespace);
      return response;
    } catch (error) {
      // Work that ended because its client has left: nobody sees the answer, and there is nothing to tell of.
      const isLeft = request.signal.aborted && error === request.signal.reason;
      if (!isLeft && (!(error instanceof RegistryError) || error.code === "DENIED")) this.#reportFault(error, request);
      return errorResponse(error, { ...API_HEADERS });
    }
  }

  #dispatch(call: Call): Promise<Response> {
    const { route, namespace } = call;
    const { hosts, blobs, uploads, catalog, referrers } = this.#registry;
    switch (route.kind) {
      case "base":
        return Promise.resolve(new Response("{}", { headers: { ...API_HEADERS, "Content-Type": "application/json" } }));
      case "catalog":
        return answerCatalog(call, catalog);
      case "tags":
        return answerTags(call, route.name, locateUnder(route.name, namespace, hosts), catalog);
      case "manifest":
        return answerManifest(call, locateUnder(route.name, namespace, hosts), route.reference, this.#registry);
      case "blob":
        return answerBlob(call, locateUnder(route.name, namespace, hosts), route.digest, blobs);
      case "uploads":
        return beginUpload(
          call,
          locateUnder(route.name, namespace, hosts),
          (name) => locateUnder(name, namespace, hosts),
          uploads,
        );
      case "upload":
        return answerUpload(call, locateUnder(route.name, namespace, hosts), route.id, uploads);
      case "referrers":
        return answerReferrers(call, locateUnder(route.name, namespace, hosts), route.digest, referrers);
      default:
        return route satisfies never;
    }
  }

  #repositoryOf(route: Route, namespace: Namespace | null): RepositoryName | null {
    if (!("name" in route)) return null;
    const { namespace: registry, path } = locateUnder(route.name, namespace, this.#registry.hosts);
    return repositoryName(registry, path);
  }
}

/** What a request does beyond reading, which everyone may; null when it does nothing else. */
function actionOf({ kind }: Route, method: string): Action | null {
  // A session is its pusher's: nobody else is told how far it is.
  if (kind === "upload") return "push";
  if (method === "GET" || method === "HEAD") return null;
  return method === "DELETE" ? "delete" : "push";
}

function deletesSwitchedOff(): RegistryError {
  return new RegistryError("UNSUPPORTED", "deleting is switched off in this registry's configuration");
}

function loopDetected({ ns, host }: Asked): RegistryError {
  return new RegistryError(
    "LOOP_DETECTED",
    `a request that larder sent to ${ns ?? host ?? "an upstream registry"} came back to larder: the name leads here from this machine too, by its hosts file or DNS. Give larder a DNS server that knows the real address with --resolver, or the registry's address with --upstream HOST=URL`,
  );
}

function methodNotAllowed(request: Request, route: Route): Response {
  const allowed = METHODS[route.kind].join(", ");
  const error = new RegistryError("UNSUPPORTED", `${request.method} is not a method of this path; it knows ${allowed}`);
  return errorResponse(error, { ...API_HEADERS, Allow: allowed });
}
