import type { IpAddress } from "../lib/net/ip-address.ts";
import type { Credentials } from "./credentials.ts";
import type { Grant } from "./grant.ts";
import type { TokenScope } from "./token-scope.ts";

/** How a request got here, as the listener knows it: nothing of this is said by the client. */
export type Arrival = {
  /** The other end of the connection; null when it is gone. */
  readonly remote: { readonly address: string; readonly port: number } | null;
  /** Larder's end. The address is null where larder listens on all of this machine's. */
  readonly local: { readonly address: IpAddress | null; readonly port: number };
  readonly scheme: "http" | "https";
  /** What the client showed over TLS to prove who it is; null or nothing where it showed none, or was not asked. */
  readonly certificate?: ArrivedCertificate | null;
};

/** A client certificate that counts, with the name in it; or one that does not: `why` completes "it …". */
export type ArrivedCertificate =
  | { readonly kind: "verified"; readonly name: string; readonly notAfterMs: number }
  | { readonly kind: "refused"; readonly why: string };

/** Who asks. `scope` is what the token is limited to that was shown; without one they may all that they may. */
export type Principal = Identity & {
  readonly scope?: TokenScope;
  /** Names the credentials that were shown and are nobody's here: they may be somebody's at an upstream registry (`upstreams/`). */
  readonly upstreamKey?: string;
};

/**
 * Who somebody is. A `generation` is another one for another password, token or secret: a session of the one before is nobody's,
 * though the name be the same. It tells nothing of what it stands for.
 */
type Identity =
  /** Somebody on the machine that larder runs on, who said nothing else of themselves. */
  | { readonly kind: "own-machine" }
  /** Anybody. `trait` says what shows that: the rest of "this request …". `certificateTrait`: why the client certificate that it showed does not count, "it …". */
  | { readonly kind: "stranger"; readonly trait: string; readonly certificateTrait?: string }
  /** Who has the secret that larder left for root and its own user on the machine that it runs on. They may everything. */
  | { readonly kind: "administrator"; readonly generation?: string }
  /**
   * Who knows the password of a user: one of larder's own, or of the htpasswd file. `grants` are what that user alone may:
   * where they are given, what every user may counts no more, only they and the rules that name the user. Null: none are given.
   */
  | {
      readonly kind: "user";
      readonly name: string;
      readonly grants?: readonly Grant[] | null;
      readonly generation?: string;
    }
  /** Who has a token that `larder token create` made. It may what its grants say, and rules that name it; what all may who are known does not count. */
  | { readonly kind: "token"; readonly name: string; readonly grants: readonly Grant[]; readonly generation?: string }
  /** A client certificate that one of the authorities signed that larder was told; its subject's common name. */
  | { readonly kind: "certificate"; readonly name: string }
  /**
   * A CI job or a pod with a token of a configured issuer. `name` is its subject, `claims` are what else its token says, see
   * `oidc/flatten-claims.ts`. What larder gives to it must not outlive its token: `expiresAtMs`, since 1970.
   */
  | {
      readonly kind: "workload";
      readonly provider: string;
      readonly name: string;
      readonly claims: Claims;
      readonly expiresAtMs: number;
    };

/** Claims by their names, those within others as `kubernetes.io/namespace`. Without a prototype: what it has, the token said. */
export type Claims = Readonly<Record<string, string | readonly string[]>>;

/** Knows one kind of credentials: passwords, larder's tokens, tokens of other issuers. */
export interface CredentialChecker {
  /**
   * Who has these credentials; null when they are not of this checker's kind, or nobody's that it knows, so that the next one
   * is asked. Throws UNAUTHORIZED when they are of its kind and certainly wrong, such as an expired token.
   */
  check(credentials: Credentials, arrival: Arrival): Promise<Principal | null>;
  /**
   * The principal as it is now, of one who got a session some minutes ago: null when there is none of that name and generation
   * any more (without a generation, of that name), undefined when it is not of a kind that this checker knows. Asked for each session once in a while, and when something has
   * changed.
   */
  recall?(principal: Principal): Promise<Principal | null | undefined>;
}

/** The principal's name for logs and events: `bob`, `token:ci`, `certificate:node1`, `administrator`; null for who has none. */
export function principalName(principal: Principal): string | null {
  switch (principal.kind) {
    case "own-machine":
    case "stranger":
      return null;
    case "administrator":
      return "administrator";
    case "user":
      return principal.name;
    case "workload":
      return `${principal.provider}:${principal.name}`;
    default:
      return `${principal.kind}:${principal.name}`;
  }
}

/** Finds out who asks. */
export interface Authenticator {
  authenticate(request: Request, arrival: Arrival): Promise<Principal>;
  /** Who asks, where that has just been found out and is remembered; else null: `authenticate` finds out. */
  authenticateNow?(request: Request): Principal | null;
}

/** Asks nobody who they are: for `--open`, where it does not matter. */
export const everyoneIsAStranger: Authenticator = {
  authenticate: () => Promise.resolve({ kind: "stranger", trait: "came from somebody unknown" }),
};
