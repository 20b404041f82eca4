import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../credentials.ts";
import type { CredentialChecker, Principal } from "../principal.ts";

const NAME = "administrator";
const NOBODY: Promise<null> = Promise.resolve(null);

/**
 * Knows root, and the user that larder runs as, on the machine that it runs on: they can read the secret that larder leaves for
 * them. It is anew at each start: as Bearer, or as the password of `administrator` for clients of registries.
 */
export class LocalAdministrator implements CredentialChecker {
  readonly secret = `larder-administrator-${randomBytes(32).toString("base64url")}`;
  readonly #hash = hashOf(this.secret);
  readonly #principal: Principal = { kind: "administrator", generation: randomBytes(12).toString("base64url") };

  check(credentials: Credentials): Promise<Principal | null> {
    const shown = shownBy(credentials);
    // Equally long, whatever was sent.
    return shown !== null && timingSafeEqual(hashOf(shown), this.#hash) ? Promise.resolve(this.#principal) : NOBODY;
  }

  /** A session of the start before, or of another larder of the store, is nobody's: the secret was another one. */
  async recall(principal: Principal): Promise<Principal | null | undefined> {
    if (principal.kind !== "administrator") return undefined;
    const { generation } = this.#principal as typeof principal;
    return principal.generation === generation ? this.#principal : null;
  }
}

function shownBy(credentials: Credentials): string | null {
  if (credentials.kind === "bearer") return credentials.token;
  return credentials.kind === "basic" && credentials.username === NAME ? credentials.password : null;
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
