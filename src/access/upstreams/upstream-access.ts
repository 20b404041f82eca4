import { LOCAL, type Namespace, type RepositoryName } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { AccessControl, Decision, PullView } from "../access-control.ts";
import type { Action } from "../action.ts";
import type { Principal } from "../principal.ts";
import { Unauthorized } from "../unauthorized.ts";
import type { CredentialKey, Keychain } from "./keychain.ts";
import type { Proofs, Prover, Verdict } from "./proofs.ts";

/** What decides with upstream registries. */
export type UpstreamAccessParts = {
  /** Larder's own decision, which has to allow it as well. */
  readonly own: AccessControl;
  /** The registries that decide themselves who may pull what of theirs. */
  readonly guarded: () => ReadonlySet<Namespace>;
  /** Where names without a registry are looked for: what is asked for by such a name is asked for there, too. */
  readonly unqualified: () => readonly Namespace[];
  readonly keychain: Keychain;
  readonly proofs: Proofs;
  readonly prover: Pick<Prover, "knows">;
};

const ALLOWED: Decision = { isAllowed: true };
/** A look at lists asks registries no more questions than this; what nobody has asked for is left out. */
const QUESTIONS_OF_A_VIEW = 8;

/**
 * Lets those pull from some upstream registries alone whom these registries let pull: nothing of theirs leaves larder for
 * anybody else, whether it is here already or not. What larder's own rules forbid stays forbidden.
 */
export class UpstreamAccess implements AccessControl {
  readonly #parts: UpstreamAccessParts;

  constructor(parts: UpstreamAccessParts) {
    this.#parts = parts;
  }

  get everyonePullsAll(): boolean {
    return this.#parts.own.everyonePullsAll && this.#parts.guarded().size === 0;
  }

  /** Clients ask `/v2/` whether they have to say who they are. */
  get knowsPeople(): boolean {
    return this.#parts.own.knowsPeople || this.#parts.guarded().size > 0;
  }

  allowsEveryone(action: Action, repository: Repository | null): boolean {
    const { own, proofs } = this.#parts;
    if (!own.allowsEveryone(action, repository)) return false;
    if (action !== "pull" || repository === null || !this.#isGuarded(repository)) {
      // What comes of a name without a registry depends on who asks.
      return action !== "pull" || repository?.namespace !== LOCAL || this.#parts.guarded().size === 0;
    }
    return proofs.known(repository, null)?.mayPull === true;
  }

  async decide(principal: Principal, action: Action, repository: Repository | null): Promise<Decision> {
    const decision = await this.#parts.own.decide(principal, action, repository);
    if (!decision.isAllowed || action !== "pull" || repository === null) return decision;
    if (principal.kind === "administrator") return decision;
    const { upstreamKey = null } = principal;
    this.#mean(upstreamKey, repository);
    if (!this.#isGuarded(repository)) return decision;
    const verdict = await this.#prove(repository, upstreamKey);
    return verdict.mayPull ? ALLOWED : whyNot(repository, upstreamKey, verdict);
  }

  viewOf(principal: Principal): PullView | null {
    const own = this.#parts.own.viewOf(principal);
    if (this.#parts.guarded().size === 0 || principal.kind === "administrator") return own;
    const seen = new Map<RepositoryName, Promise<boolean>>();
    const { upstreamKey = null } = principal;
    return (repository) => {
      if (!this.#isGuarded(repository)) return own === null ? true : own(repository);
      const known = this.#known(repository, upstreamKey);
      const name = nameOf(repository);
      const asked =
        seen.get(name) ??
        (seen.size < QUESTIONS_OF_A_VIEW && known === null ? this.#sees(repository, upstreamKey) : null);
      if (asked !== null) seen.set(name, asked);
      const isProved = known ?? asked ?? false;
      if (own === null || isProved === false) return isProved;
      return Promise.resolve(isProved).then((proved) => proved && own(repository));
    };
  }

  /**
   * Is it worth logging in with these credentials? Null is larder's own address, where they may be any registry's: that shows when
   * something is pulled. A registry that cannot be asked does not say no.
   */
  async mayLogIn(key: CredentialKey, namespace: Namespace | null): Promise<boolean> {
    const { guarded, keychain, prover } = this.#parts;
    if (namespace === null) return true;
    if (!guarded().has(namespace)) return false;
    keychain.mean(key, namespace);
    return prover.knows(namespace, key).catch(() => true);
  }

  #isGuarded({ namespace }: Repository): boolean {
    return this.#parts.guarded().has(namespace);
  }

  /** Credentials are shown to the registries alone that their owner asked for something with them. */
  #mean(key: CredentialKey | null, { namespace }: Repository): void {
    if (key === null) return;
    const { keychain, unqualified } = this.#parts;
    for (const one of namespace === LOCAL ? unqualified() : [namespace]) keychain.mean(key, one);
  }

  #known(repository: Repository, key: CredentialKey | null): boolean | null {
    const { proofs } = this.#parts;
    if (proofs.known(repository, null)?.mayPull === true) return true;
    return key === null
      ? (proofs.known(repository, null)?.mayPull ?? null)
      : (proofs.known(repository, key)?.mayPull ?? null);
  }

  async #sees(repository: Repository, key: CredentialKey | null): Promise<boolean> {
    const { keychain } = this.#parts;
    // Of what nobody asked for by its name, the registry is asked as nobody.
    const shown = key !== null && keychain.isMeant(key, repository.namespace) ? key : null;
    return (await this.#prove(repository, shown)).mayPull;
  }

  /** What everybody may is asked first: it is the same answer for a whole fleet, whatever each of them shows. */
  async #prove(repository: Repository, key: CredentialKey | null): Promise<Verdict> {
    const { proofs, keychain } = this.#parts;
    const proved = key === null ? null : proofs.known(repository, key);
    if (proved?.mayPull === true) return proved;
    const everybody = await proofs.find(repository, null);
    if (everybody.mayPull || key === null) return everybody;
    if (proved !== null) return proved;
    if (!keychain.has(key)) {
      throw new Unauthorized("larder was started anew: ask its token server for another token", "invalid_token");
    }
    return proofs.find(repository, key);
  }
}

function whyNot(repository: Repository, key: CredentialKey | null, { isUnasked }: Verdict): Decision {
  const { namespace } = repository;
  const name = nameOf(repository);
  if (isUnasked) {
    const why = `larder gives ${name} to those alone whom ${namespace} lets pull it, and ${namespace} cannot be asked now`;
    // Who was seen before may come in all the same, and has to say who that is.
    return { isAllowed: false, why, mayLogIn: key === null };
  }
  const who = key === null ? "everybody" : "those with these credentials";
  const why = `${namespace} does not let ${who} pull ${name}: log in with credentials of ${namespace} that may, if it is there`;
  return { isAllowed: false, why, mayLogIn: true };
}
