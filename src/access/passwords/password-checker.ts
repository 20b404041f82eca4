import { createHash } from "node:crypto";
import { WaitingLine, LineFull } from "../../lib/async/waiting-line.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Credentials } from "../credentials.ts";
import type { KnownUser, UserDirectory } from "../directory.ts";
import type { CredentialChecker, Principal } from "../principal.ts";
import { bcryptCost, unmatchableHash, verifyBcrypt } from "./bcrypt.ts";

/** A password takes a core for 60 ms and more: a few are compared at once, away from the event loop, and some wait. */
const COMPARISONS = { atOnce: 2, waiting: 200 };
const NEVER = new AbortController().signal;
/** What `larder user add` and htpasswd -B take, or more. */
const USUAL_COST = 10;

/**
 * Knows users by their passwords, in several directories; the first that has a name counts.
 *
 * A name that nobody has costs as much time as a wrong password: nobody learns who there is by a clock.
 */
export class PasswordChecker implements CredentialChecker {
  readonly #directories: () => readonly UserDirectory[];
  readonly #line = new WaitingLine(COMPARISONS);
  /** What the last password was hashed at that was compared. */
  #cost = USUAL_COST;

  constructor(directories: () => readonly UserDirectory[]) {
    this.#directories = directories;
  }

  /** Throws TOOMANYREQUESTS when too many passwords are to be compared. */
  async check(credentials: Credentials): Promise<Principal | null> {
    if (credentials.kind !== "basic") return null;
    if (!this.#directories().some((directory) => directory.isAnybody())) return null;
    const { username, password } = credentials;
    const user = await this.#find(username);
    if (user !== null) this.#cost = bcryptCost(user.passwordHash) ?? this.#cost;
    const hash = user?.passwordHash ?? unmatchableHash(this.#cost);
    const isRight = await this.#compare(password, hash);
    return isRight && user !== null ? principalOf(user) : null;
  }

  async recall(principal: Principal): Promise<Principal | null | undefined> {
    if (principal.kind !== "user") return undefined;
    const user = await this.#find(principal.name);
    if (user === null) return null;
    const now = principalOf(user);
    return principal.generation === undefined || principal.generation === now.generation ? now : null;
  }

  async #find(name: string): Promise<KnownUser | null> {
    for (const directory of this.#directories()) {
      const user = await directory.findUser(name);
      if (user !== null) return user;
    }
    return null;
  }

  async #compare(password: string, hash: string): Promise<boolean> {
    try {
      return await this.#line.run(NEVER, () => verifyBcrypt(password, hash));
    } catch (error) {
      if (!(error instanceof LineFull)) throw error;
      throw new RegistryError(
        "TOOMANYREQUESTS",
        "larder compares as many passwords as it can just now; try again soon",
      );
    }
  }
}

/** Another password has another salt. Of the hash's hash nobody learns a password. */
function principalOf({ principal, passwordHash }: KnownUser): KnownUser["principal"] {
  return { ...principal, generation: createHash("sha256").update(passwordHash).digest("base64url").slice(0, 16) };
}
