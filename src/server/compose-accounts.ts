import { AccountPresence } from "../access/accounts/account-presence.ts";
import { AccountUses } from "../access/accounts/account-uses.ts";
import type { FailedLogins } from "../access/accounts/failed-logins.ts";
import { LocalAdministrator } from "../access/accounts/local-administrator.ts";
import { StoreUsers } from "../access/accounts/store-users.ts";
import { TokenChecker } from "../access/accounts/token-checker.ts";
import type { PageSessions } from "../access/page-sessions/page-sessions.ts";
import type { CredentialChecker } from "../access/principal.ts";
import type { Clock } from "../lib/async/clock.ts";
import type { MetadataStore } from "../storage/metadata.ts";

/** Who is set up in the store, and who administers from this machine. */
export type AccountComposition = {
  readonly administrator: LocalAdministrator;
  readonly users: StoreUsers;
  readonly tokens: TokenChecker;
  readonly uses: AccountUses;
  /** To be called before the first request. */
  readonly start: () => Promise<void>;
};

/** Makes what knows the accounts of the store. */
export function composeAccounts({ accounts }: MetadataStore, { now }: Clock): AccountComposition {
  const presence = new AccountPresence(accounts);
  const uses = new AccountUses(accounts, now);
  return {
    administrator: new LocalAdministrator(),
    users: new StoreUsers(accounts, presence),
    tokens: new TokenChecker(accounts, presence, uses, now),
    uses,
    start: () => presence.start(),
  };
}

/** The same checker; the users that it finds are noted. Those of other places than the store are nobody there. */
export function notingUses(checker: CredentialChecker, uses: AccountUses): CredentialChecker {
  return {
    check: async (credentials, arrival) => {
      const principal = await checker.check(credentials, arrival);
      if (principal?.kind === "user") uses.note("user", principal.name);
      return principal;
    },
    recall: (principal) => checker.recall?.(principal) ?? Promise.resolve(undefined),
  };
}

/** Uses of accounts and sessions, and failed logins are written down so often: a list of users is right within minutes. */
const SAVE_EVERY_MS = 60_000;

/** Has them written down from now on; once more by the function that comes back, which ends it. */
export function savingAccounts(uses: AccountUses, failed: FailedLogins, sessions: PageSessions): () => Promise<void> {
  const save = async (): Promise<void> => {
    await uses.save();
    await failed.save();
    await sessions.save();
  };
  const timer = setInterval(() => void save(), SAVE_EVERY_MS);
  return () => {
    clearInterval(timer);
    return save();
  };
}
