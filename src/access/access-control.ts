import type { Repository } from "../oci/repository.ts";
import type { Action } from "./action.ts";
import type { Principal } from "./principal.ts";

/**
 * May they? `why` is for the one who may not. `mayLogIn`: it is nobody in particular who asks, and who proves to be somebody may
 * be allowed to, so that a challenge is the answer.
 */
export type Decision =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly why: string; readonly mayLogIn?: boolean };

/** Which repositories somebody may pull from: what lists, searches and mounts show them. */
export type PullView = (repository: Repository) => boolean | Promise<boolean>;

/** Decides who may do what. `repository` is null for what concerns none, or the registry as a whole. */
export interface AccessControl {
  /**
   * Is it the same for everybody, and allowed? Asked first, and of every pull: who asks is found out only when it is not,
   * for that may take a look at the connection, a password's hash or a question to somebody else.
   */
  allowsEveryone(action: Action, repository: Repository | null): boolean;
  decide(principal: Principal, action: Action, repository: Repository | null): Decision | Promise<Decision>;
  /** May everybody pull everything? Then nothing has to be left out of anything, whoever asks. */
  readonly everyonePullsAll: boolean;
  /** What somebody sees of the registry; null: everything. */
  viewOf(principal: Principal): PullView | null;
  /** Have people been set up? Then who is nobody in particular is asked to log in, at `/v2/` always. */
  readonly knowsPeople: boolean;
}

const ALLOWED: Decision = { isAllowed: true };

/** Everyone who reaches larder may write: `--open`. */
export const everyoneWrites: AccessControl = {
  allowsEveryone: () => true,
  decide: () => ALLOWED,
  everyonePullsAll: true,
  viewOf: () => null,
  knowsPeople: false,
};

/** Everyone pulls, and only the machine that larder runs on may write. */
export const ownMachineWrites: AccessControl = {
  allowsEveryone: (action) => action === "pull",
  everyonePullsAll: true,
  viewOf: () => null,
  knowsPeople: false,
  decide: (principal, action) => {
    if (action === "pull" || principal.kind === "own-machine" || principal.kind === "administrator") return ALLOWED;
    const trait = principal.kind === "stranger" ? principal.trait : "came from somebody else";
    const why = `pushing, deleting and administering are allowed only from the machine that larder runs on; this request ${trait}. Do it on that machine, or start larder with --open to allow it to everyone who reaches it`;
    return { isAllowed: false, why };
  },
};
