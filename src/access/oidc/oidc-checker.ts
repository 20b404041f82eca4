import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Credentials } from "../credentials.ts";
import type { CredentialChecker, Principal } from "../principal.ts";
import { flattenClaims } from "./flatten-claims.ts";
import type { OidcProvider } from "./oidc-provider.ts";
import { tryReadToken } from "./unverified-token.ts";

/** What the checker needs to know. */
export type OidcCheckerOptions = {
  /** Those that are configured now. */
  readonly providers: () => readonly OidcProvider[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/**
 * Knows workloads by tokens that a configured issuer signed for them: CI jobs and pods, which have no secret then. A token
 * comes as Bearer, or as the password of any user, which is all that most clients can send.
 *
 * A token of an issuer that is a URL, and none of those that are configured, is refused with these words: to be asked after all
 * others who know tokens, and before passwords are compared.
 * Nothing that a token says decides whom larder asks for keys: its issuer has to be one of those that are configured.
 */
export class OidcChecker implements CredentialChecker {
  readonly #options: OidcCheckerOptions;

  constructor(options: OidcCheckerOptions) {
    this.#options = options;
  }

  async check(credentials: Credentials): Promise<Principal | null> {
    const text = tokenOf(credentials);
    const token = text === null ? null : tryReadToken(text);
    if (text === null || token === null) return null;
    const providers = this.#options.providers().filter(({ issuer }) => issuer === token.issuer);
    let refusal: RegistryError | null = null;
    for (const provider of providers) {
      try {
        return await this.#verify(text, token.keyId, provider);
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        // That a key could not be looked up may be the reason why another provider of this issuer refuses.
        if (refusal === null || refusal.code === "UNAUTHORIZED") refusal = error;
      }
    }
    if (refusal !== null) throw refusal;
    // Others name themselves by a word: larder's own tokens, those that a registry takes for a password.
    if (!/^https?:\/\//.test(token.issuer)) return null;
    const issuer = quoteBriefly(token.issuer);
    throw new RegistryError(
      "UNAUTHORIZED",
      `the token is of the issuer ${issuer}, which is none of those that larder was told of (auth.oidc)`,
    );
  }

  async #verify(text: string, keyId: string | null, provider: OidcProvider): Promise<Principal> {
    const { name, issuer, audiences, keys } = provider;
    const { set, failure } = await keys.for(keyId);
    if (set === null) {
      throw new RegistryError(
        "UNAVAILABLE",
        `the keys of the issuer ${quoteBriefly(issuer)} (auth.oidc ${quoteBriefly(name)}) are not known, so that its tokens cannot be verified: ${failure ?? "they were asked for a moment ago"}`,
      );
    }
    const { verifyToken, TokenRefused } = await import("./verify-token.ts");
    const now = this.#options.now();
    try {
      const { sub, exp, ...claims } = await verifyToken(text, { issuer, audiences, keys: set, now });
      return {
        kind: "workload",
        provider: name,
        name: sub,
        claims: flattenClaims({ ...claims, sub, exp }),
        expiresAtMs: exp * 1000,
      };
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error;
      const isUnknownKey = failure !== null && keyId !== null && !set.keys.some(({ kid }) => kid === keyId);
      const about = isUnknownKey ? `; the last attempt to get newer keys failed: ${failure}` : "";
      throw new RegistryError(
        "UNAUTHORIZED",
        `the token of the issuer ${quoteBriefly(issuer)} ${error.message}${about}`,
      );
    }
  }
}

function tokenOf(credentials: Credentials): string | null {
  switch (credentials.kind) {
    case "bearer":
      return credentials.token;
    case "basic":
      return credentials.password;
    case "none":
      return null;
    default:
      return credentials satisfies never;
  }
}
