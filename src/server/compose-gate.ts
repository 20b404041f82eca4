import { createHmac } from "node:crypto";
import { type AccessControl, everyoneWrites, ownMachineWrites } from "../access/access-control.ts";
import { CertificateAuthenticator } from "../access/certificate-authenticator.ts";
import { AccessSwitch } from "../access/access-switch.ts";
import { Authenticators } from "../access/authenticators.ts";
import type { Directory, UserDirectory } from "../access/directory.ts";
import { Gate } from "../access/gate.ts";
import { FailedLogins } from "../access/accounts/failed-logins.ts";
import { OidcChecker } from "../access/oidc/oidc-checker.ts";
import { HtpasswdUsers } from "../access/passwords/htpasswd-users.ts";
import { PasswordChecker } from "../access/passwords/password-checker.ts";
import { type Authenticator, type CredentialChecker, everyoneIsAStranger } from "../access/principal.ts";
import { DEFAULT_RULES } from "../access/rules/rule.ts";
import { RuleControl } from "../access/rules/rule-control.ts";
import { SessionTokens } from "../access/sessions/session-tokens.ts";
import { PageSessions } from "../access/page-sessions/page-sessions.ts";
import { SigningKey } from "../access/sessions/signing-key.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { type AccountComposition, notingUses } from "./compose-accounts.ts";
import { composeConnections } from "./compose-connections.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { Keychain } from "../access/upstreams/keychain.ts";
import type { Prover } from "../access/upstreams/proofs.ts";
import type { BestEffortWrites } from "../registry/pull/best-effort-writes.ts";
import { composeUpstreamAccess } from "./compose-upstream-access.ts";
import { HtpasswdFile } from "./htpasswd-file.ts";
import { IssuerOpener } from "./open-issuers.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";
import type { Settings } from "./settings/settings.ts";

/** Who asks, and what they may. */
export type AccessComposition = {
  readonly gate: Gate;
  /** The credentials of clients for upstream registries. */
  readonly keychain: Keychain;
  /** As `UpstreamAccess` has it. */
  readonly mayLogIn: (upstreamKey: string, namespace: Namespace | null) => Promise<boolean>;
  readonly control: AccessControl;
  readonly authenticators: Authenticators;
  readonly sessions: SessionTokens;
  /** Who has signed in to the page. */
  readonly pageSessions: PageSessions;
  /** Tells the cookies of this store's larders from those of others on one host. */
  readonly cookieMark: () => Promise<string>;
  /** Wrong passwords, for the audit log. */
  readonly failedLogins: FailedLogins;
  /** The rules that count, or would if people were set up. */
  readonly rules: () => RuleControl;
  readonly areRulesWritten: () => boolean;
  /**
   * Reads the files of people that the settings name; what it returns takes them up. Throws ConfigurationError, and nothing has
   * changed then.
   */
  readonly prepare: (settings: Settings) => Promise<() => void>;
  readonly stop: () => void;
};

/** What deciding takes of the registry's parts. */
type GateCompanions = {
  readonly isOffline: () => boolean;
  readonly prover: Prover;
  readonly bestEffort: BestEffortWrites;
};

/**
 * Makes the gate, which finds out who sends a request and decides what they may do, by the settings that hold at that moment and
 * by who is set up.
 */
export function composeGate(
  settings: CurrentSettings,
  { log, clock, variables }: ServerEnvironment,
  { metadata, sockets, turns }: Foundation,
  accounts: AccountComposition,
  { isOffline, prover, bestEffort }: GateCompanions,
): AccessComposition {
  const { hosts, ownMachine } = composeConnections(settings, sockets, turns, clock.elapsed);
  const htpasswd = new HtpasswdUsers();
  const file = new HtpasswdFile(htpasswd, log);
  // Larder's own first: what was done by `larder user` counts at once.
  const users: readonly UserDirectory[] = [accounts.users, htpasswd];
  const directories: readonly Directory[] = [...users, accounts.tokens];
  const issuers = new IssuerOpener({ variables, log, clock, store: metadata.settings, isOffline });
  const workloads = new OidcChecker({ providers: () => issuers.providers, now: clock.now });
  // A password is compared last: that takes long, and what is none of the others' may be one.
  const checkers: readonly CredentialChecker[] = [
    accounts.administrator,
    accounts.tokens,
    workloads,
    notingUses(new PasswordChecker(() => users), accounts.uses),
  ];
  const failedLogins = new FailedLogins({
    audit: metadata.audit,
    isUser: async (name) => (await Promise.all(users.map((one) => one.findUser(name)))).some((user) => user !== null),
    now: clock.now,
  });

  const isSetUp = () => settings.now.auth !== null || directories.some((directory) => directory.isAnybody());
  const rules = settings.derive(({ auth }) => new RuleControl(auth?.rules ?? DEFAULT_RULES));
  // That everybody may write changes with a restart alone, which nobody does by the way.
  const { open } = settings.now;
  const own = new AccessSwitch(() => (isSetUp() ? rules() : open ? everyoneWrites : ownMachineWrites));
  const byOrigin: Authenticator = {
    authenticate: (request, arrival) =>
      (open && !isSetUp() ? everyoneIsAStranger : ownMachine).authenticate(request, arrival),
  };
  const byConnection = new CertificateAuthenticator(byOrigin, clock.now);
  const secrets = new SigningKey(
    metadata.settings,
    (error) =>
      log.write("warning", "the key of proofs cannot be kept: after a restart who was seen before is not known", {
        error: describeFailure(error),
      }),
    "upstreamProofKey",
  );
  const {
    keychain,
    control,
    foreign,
    forget: forgetProofs,
  } = composeUpstreamAccess(settings, {
    own,
    isUser: async (name) => {
      for (const directory of users) if ((await directory.findUser(name)) !== null) return true;
      return false;
    },
    secret: () => secrets.find(),
    prover,
    store: metadata.proofs,
    events: metadata.events,
    bestEffort,
    log,
    clock,
  });
  const key = new SigningKey(metadata.settings, (error) =>
    log.write("warning", "the key that signs tokens cannot be kept: after a restart clients log in again", {
      error: describeFailure(error),
    }),
  );
  const sessions: SessionTokens = new SessionTokens({
    key,
    recall: (principal) => authenticators.recall(principal),
    now: clock.now,
  });
  const authenticators: Authenticators = new Authenticators({
    checkers,
    sessions,
    byConnection,
    foreign,
    knowsPeople: isSetUp,
    trustedProxies: () => settings.now.trustedProxies,
    elapsed: clock.elapsed,
    failed: (address, name) => failedLogins.note(address, name),
  });
  const pageSessions = new PageSessions({
    store: metadata.pageSessions,
    recall: (principal) => authenticators.recall(principal),
    now: clock.now,
  });
  const forget = () => {
    authenticators.forget();
    sessions.forget();
  };
  for (const directory of directories) directory.subscribe(forget);
  const gate = new Gate({
    control,
    get hosts() {
      return hosts();
    },
    get trustedProxies() {
      return settings.now.trustedProxies;
    },
  });
  return {
    gate,
    keychain,
    mayLogIn: (upstreamKey, namespace) => control.mayLogIn(upstreamKey, namespace),
    control,
    authenticators,
    sessions,
    pageSessions,
    cookieMark: async () => cookieMarkOf(await key.find()),
    failedLogins,
    rules,
    areRulesWritten: () => (settings.now.auth?.rules ?? null) !== null,
    prepare: async (next) => {
      const takeUpIssuers = await issuers.prepare(next);
      const apply = await file.prepare(next.auth?.htpasswd ?? null);
      return () => {
        takeUpIssuers();
        apply();
        forget();
        forgetProofs();
      };
    },
    stop: () => file.stop(),
  };
}

/** The store's secret is the same for all of its larders, and of its hash nobody learns it. */
function cookieMarkOf(key: Buffer): string {
  return createHmac("sha256", key).update("the name of the page's cookie").digest("hex").slice(0, 8);
}
