import { WaitingLine } from "../../lib/async/waiting-line.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { USERS_LIMIT, type UserStore } from "../../storage/accounts.ts";
import type { EventCause } from "../../storage/events.ts";
import { formatGrant, parseNewGrant } from "../grant.ts";
import { checkAccountName } from "./account-name.ts";
import { looksLikeToken } from "./token-text.ts";

/** As much as htpasswd and its like take. */
const BCRYPT_COST = 10;
/** bcrypt looks at so much of a password. */
const PASSWORD_BYTES = 72;
/** A hash takes a core for 60 ms, away from the event loop. */
const HASHING = { atOnce: 2, waiting: 60 };

/** A user as somebody asks for it. */
export type UserRequest = {
  readonly name: string;
  /** Undefined: as it is, of a user that is there. */
  readonly password?: string | undefined;
  /** Texts of grants; null: none of the user's own; undefined: as they are. */
  readonly grants?: readonly string[] | null | undefined;
  /** Must there be none of this name yet, or one? */
  readonly expect?: "absent" | "present" | undefined;
};

/** Adds, changes and removes users. */
export class UserKeeper {
  readonly #users: UserStore;
  readonly #now: () => number;
  readonly #line = new WaitingLine(HASHING);

  constructor(users: UserStore, now: () => number) {
    this.#users = users;
    this.#now = now;
  }

  /** Throws BAD_REQUEST for what cannot be, DENIED for a name that is taken or a store that is full, NAME_UNKNOWN. */
  async put(asked: UserRequest, cause: EventCause, signal: AbortSignal): Promise<"added" | "changed"> {
    const { name, password, expect = null } = asked;
    checkAccountName("user", name);
    if (password !== undefined) checkPassword(password);
    else if (asked.grants === undefined || expect !== "present") throw noPassword();
    const grants = asked.grants?.map((text) => formatGrant(parseNewGrant(text))) ?? asked.grants;
    const passwordHash = password === undefined ? null : await this.#hash(password, signal);
    const outcome = await this.#users.put(
      { name, passwordHash, grants, expect },
      {
        ...causeOf(cause),
        atMs: this.#now(),
        action: "user-added",
        subject: name,
        detail: grants == null ? null : `may ${grants.join(" ")}`,
      },
    );
    if (outcome === "added" || outcome === "changed") return outcome;
    if (outcome === "full") throw new RegistryError("DENIED", `there are ${USERS_LIMIT} users, and no more are kept`);
    if (expect === "present") throw unknownUser(name);
    const remedy = `\`larder user passwd ${name}\` gives a new password`;
    throw new RegistryError("DENIED", `there is a user ${name} already: ${remedy}`);
  }

  #hash(password: string, signal: AbortSignal): Promise<string> {
    return this.#line.run(signal, () => Bun.password.hash(password, { algorithm: "bcrypt", cost: BCRYPT_COST }));
  }

  /** Throws NAME_UNKNOWN when there is none of this name. */
  async remove(name: string, cause: EventCause): Promise<void> {
    const entry = {
      ...causeOf(cause),
      atMs: this.#now(),
      action: "user-removed",
      subject: name,
      detail: null,
    } as const;
    if (!(await this.#users.delete(name, entry))) throw unknownUser(name);
  }
}

/** The cause alone of what may be much more. */
export function causeOf({ who, from, requestId }: EventCause): EventCause {
  return { who, from, requestId };
}

/** Whoever sets a password learns what nobody could log in with; what it is, is in no message. */
function checkPassword(password: string): void {
  const refuse = (why: string) => new RegistryError("BAD_REQUEST", `this cannot be a password: ${why}`);
  if (password === "") throw refuse("it is empty");
  if (Buffer.byteLength(password) > PASSWORD_BYTES) {
    throw refuse(`it has more than ${PASSWORD_BYTES} bytes, and bcrypt looks at no more of them`);
  }
  if (/\p{Cc}/u.test(password)) throw refuse("it has a control character, such as a line break");
  if (looksLikeToken(password)) throw refuse("it begins as larder's tokens do");
}

function noPassword(): RegistryError {
  const what = "without a password only the grants of a user that is there can be changed (expect: present)";
  return new RegistryError("BAD_REQUEST", what);
}

function unknownUser(name: string): RegistryError {
  return new RegistryError("NAME_UNKNOWN", `there is no user ${JSON.stringify(name)}; \`larder user ls\` lists them`);
}
