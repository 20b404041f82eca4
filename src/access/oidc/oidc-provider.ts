import type { IssuerKeys } from "./issuer-keys.ts";

/** An issuer of tokens that larder was told of. Several may have one issuer: Kubernetes clusters do, each with keys of its own. */
export type OidcProvider = {
  /** What rules call it. */
  readonly name: string;
  /** What its tokens have as `iss`, letter by letter. */
  readonly issuer: string;
  /** One of these a token must be for. */
  readonly audiences: readonly string[];
  readonly keys: IssuerKeys;
};
