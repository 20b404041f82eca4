/**
 * What larder says who it is to another registry.
 *
 * `password`: for Basic, and for token services. `identity-token`: an OAuth 2 refresh token, for token services alone;
 * its `username` is `<token>` when none came with it.
 */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly username: string; readonly token: string };

/** Where credentials come from: the configuration, a Docker or Podman file, a credential helper. */
export interface CredentialSource {
  /**
   * Those for a registry, or for one of its repositories (`path`; null: for the registry as a whole). `registry` is a
   * namespace, or a mirror's host with its port. Null: anonymous. Throws a `credentials` failure when they cannot be read.
   */
  find(registry: string, path: string | null): Promise<Credentials | null>;
}

/** Nobody. */
export const ANONYMOUS: CredentialSource = { find: () => Promise.resolve(null) };

/** One pair, for one registry. An empty user name and password are anonymous. */
export function fixedCredentials(registry: string, username: string, password: string): CredentialSource {
  const credentials = username === "" && password === "" ? null : ({ kind: "password", username, password } as const);
  return { find: (asked) => Promise.resolve(asked === registry ? credentials : null) };
}

/** What the first source that has something has. */
export function firstCredentials(sources: readonly CredentialSource[]): CredentialSource {
  return {
    async find(registry, path) {
      for (const source of sources) {
        const found = await source.find(registry, path);
        if (found !== null) return found;
      }
      return null;
    },
  };
}

/** The value of an `Authorization` header: both in UTF-8, in base64. Source: RFC 7617, section 2. */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
