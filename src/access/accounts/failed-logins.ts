import type { AuditStore } from "../../storage/audit.ts";

/** Addresses that are told apart within a minute; the failures of all others are one entry. */
const ADDRESSES = 50;
const NAMES = 10;
const NAME_LIMIT = 64;

type Failures = { count: number; readonly names: Set<string> };

/** What wrong passwords are told of, and where. */
type FailedLoginsOptions = {
  readonly audit: Pick<AuditStore, "append">;
  /** Is there a user of this name? Only these are named: what else stands there may be a password in the wrong field. */
  readonly isUser: (name: string) => Promise<boolean>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** Counts wrong passwords by the address that they came from, and tells the audit log of them once in a while. */
export class FailedLogins {
  readonly #options: FailedLoginsOptions;
  #failures = new Map<string | null, Failures>();

  constructor(options: FailedLoginsOptions) {
    this.#options = options;
  }

  /** Notes one. `address` is the client's; empty where it is not known. */
  note(address: string, name: string): void {
    const isKnown = this.#failures.has(address) || this.#failures.size < ADDRESSES;
    const key = isKnown && address !== "" ? address : null;
    const failures = this.#failures.get(key) ?? { count: 0, names: new Set() };
    this.#failures.set(key, failures);
    failures.count++;
    if (failures.names.size < NAMES) failures.names.add(name.slice(0, NAME_LIMIT));
  }

  /** Tells the log of what was noted. Never fails: what cannot be written is in the log of requests all the same. */
  async save(): Promise<void> {
    if (this.#failures.size === 0) return;
    const { audit, isUser, now } = this.#options;
    const failures = this.#failures;
    this.#failures = new Map();
    try {
      for (const [from, { count, names }] of failures) {
        const users: string[] = [];
        for (const name of names) if (await isUser(name)) users.push(name);
        const detail = `${count} wrong ${count === 1 ? "password" : "passwords"}${from === null ? " from several addresses" : ""}`;
        const subject = users.length === 0 ? null : users.toSorted().join(" ");
        await audit.append({ atMs: now(), action: "login-failed", subject, detail, who: null, from, requestId: null });
      }
    } catch {
      // A full disk, or one that fails.
    }
  }
}
