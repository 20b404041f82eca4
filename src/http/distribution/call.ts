import type { Namespace } from "../../oci/repository-name.ts";
import type { PullContext } from "../../registry/pull/origin.ts";
import type { Route } from "./route.ts";

/** One request to the distribution API, parsed. */
export type Call = {
  readonly request: Request;
  /** As the client wrote it, with what stands before `/v2/`, and without the query. */
  readonly path: string;
  readonly route: Route;
  readonly query: URLSearchParams;
  /** The namespace that `ns`, the path before `/v2/`, or the host puts the request under; null at larder's own address. */
  readonly namespace: Namespace | null;
  /** What is passed on to upstream registries of this request. */
  readonly context: PullContext;
  /** May this client push to the repository that it asks about? */
  mayPush(): Promise<boolean>;
  /** Lets a transfer be slow: without this, a connection that is silent for seconds is closed. */
  allowSlowTransfer(): void;
};

/** The headers that every answer of the API carries. Source: Docker's Registry HTTP API V2, "API Version Check". */
export const API_HEADERS: Readonly<Record<string, string>> = { "Docker-Distribution-Api-Version": "registry/2.0" };
