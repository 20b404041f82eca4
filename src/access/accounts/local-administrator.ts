import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Credentials } from "../credentials.ts";
import type { CredentialChecker, Principal } from "../principal.ts";

const ADMINISTRATOR: Principal = { kind: "administrator" };
const NAME = "administrator";
const NOBODY: Promise<null> = Promise.resolve(null);

/**
 * Knows root, and the user that larder runs as, on the machine that it runs on: they can read the secret that larder leaves for
 * them. It is anew at each start: as Bearer, or as the password of `administrator` for clients of registries.
 */
export class LocalAdministrator implements CredentialChecker {
  readonly secret = `larder-administrator-${randomBytes(32).toString("base64url")}`;
  readonly #hash = hashOf(this.secret);

  check(credentials: Credentials): Promise<Principal | null> {
    const shown = shownBy(credentials);
    // Equally long, whatever was sent.
    return shown !== null && timingSafeEqual(hashOf(shown), this.#hash) ? Promise.resolve(ADMINISTRATOR) : NOBODY;
  }

  async recall(principal: Principal): Promise<Principal | undefined> {
    return principal.kind === "administrator" ? principal : undefined;
  }
}

function shownBy(credentials: Credentials): string | null {
  if (credentials.kind === "bearer") return credentials.token;
  return credentials.kind === "basic" && credentials.username === NAME ? credentials.password : null;
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
