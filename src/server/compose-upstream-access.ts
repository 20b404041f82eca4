import type { AccessControl } from "../access/access-control.ts";
import type { ForeignCredentials } from "../access/authenticators.ts";
import { Keychain, type UpstreamCredentials } from "../access/upstreams/keychain.ts";
import { type Prover, Proofs, type ProofTerms } from "../access/upstreams/proofs.ts";
import { UpstreamAccess } from "../access/upstreams/upstream-access.ts";
import type { Clock } from "../lib/async/clock.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { Namespace } from "../oci/repository-name.ts";
import type { BestEffortWrites } from "../registry/pull/best-effort-writes.ts";
import { repositoryOf } from "../oci/repository.ts";
import type { EventStore } from "../storage/events.ts";
import type { ProofStore } from "../storage/proofs.ts";
import type { Log } from "../telemetry/log.ts";
import type { Credentials } from "../upstream/auth/credentials.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** What deciding with upstream registries takes. */
type Parts = {
  readonly own: AccessControl;
  /** Is there a user of larder's of this name? A wrong password of theirs is shown to nobody. */
  readonly isUser: (name: string) => Promise<boolean>;
  readonly secret: () => Promise<Buffer>;
  readonly prover: Prover;
  readonly store: ProofStore;
  readonly events: Pick<EventStore, "subscribe">;
  readonly bestEffort: BestEffortWrites;
  readonly log: Log;
  readonly clock: Clock;
};

const NOTHING: ProofTerms = { lifetimeMs: 0, offline: "refuse" };

/** Lets upstream registries decide, where the settings say so, who may pull what of theirs. */
export function composeUpstreamAccess(
  settings: CurrentSettings,
  { own, isUser, secret, prover, store, events, bestEffort, log, clock }: Parts,
) {
  const terms = settings.derive(
    ({ upstreams }): ReadonlyMap<Namespace, ProofTerms> =>
      new Map(
        upstreams
          .filter(({ access }) => access === "upstream")
          .map(({ namespace, accessLifetimeMs, accessOffline }) => [
            namespace,
            { lifetimeMs: accessLifetimeMs, offline: accessOffline },
          ]),
      ),
  );
  const guarded = settings.derive((told): ReadonlySet<Namespace> => {
    return new Set(told.upstreams.filter(({ access }) => access === "upstream").map(({ namespace }) => namespace));
  });
  const keychain = new Keychain(secret, clock.elapsed);
  const proofs = new Proofs({
    prover,
    seen: {
      seenAtMs: (hash) => store.seenAtMs(hash, clock.now()),
      note: async (hash, atMs) => {
        await bestEffort.attempt("that somebody may pull", () => store.note(hash, atMs));
      },
      forget: async (hash) => {
        await bestEffort.attempt("that somebody may not pull any more", () => store.forget(hash));
      },
    },
    secret,
    termsOf: (namespace) => terms().get(namespace) ?? NOTHING,
    now: clock.now,
    elapsed: clock.elapsed,
    onUnasked: (namespace, error, outcome) =>
      log.write("warning", "an upstream could not be asked who may pull", {
        namespace,
        error: describeFailure(error),
        outcome,
      }),
  });
  const control = new UpstreamAccess({
    own,
    guarded,
    unqualified: () => settings.now.unqualified,
    keychain,
    proofs,
    prover,
  });
  const foreign: ForeignCredentials = {
    add: async (credentials) => {
      if (guarded().size === 0) return null;
      if (credentials.kind === "basic" && (await isUser(credentials.username))) return null;
      return keychain.add(credentials);
    },
  };
  events.subscribe(({ kind, repository }) => {
    if (kind === "cached" && repository !== null && guarded().has(repositoryOf(repository).namespace)) {
      proofs.noteCached(repository);
    }
  });
  return { keychain, control, foreign, forget: () => proofs.forget() };
}

/** A client's credentials as upstream registries are told them: a token of a form is one that tokens are had for. */
export function toUpstream(shown: UpstreamCredentials | null): Credentials | null {
  if (shown === null) return null;
  if (shown.kind === "bearer") return { kind: "identity-token", username: "<token>", token: shown.token };
  return { kind: "password", username: shown.username, password: shown.password };
}
