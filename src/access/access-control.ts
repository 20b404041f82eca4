import type { Repository } from "../oci/repository.ts";
import type { Action } from "./action.ts";
import type { Principal } from "./principal.ts";

/** May they? `why` is for the one who may not. */
type Decision = { readonly isAllowed: true } | { readonly isAllowed: false; readonly why: string };

/** Decides who may do what. `repository` is null for what concerns none, or the registry as a whole. */
export interface AccessControl {
  /**
   * Is it the same for everybody, and allowed? Asked first, and of every pull: who asks is found out only when it is not,
   * for that may take a look at the connection, a password's hash or a question to somebody else.
   */
  allowsEveryone(action: Action, repository: Repository | null): boolean;
  decide(principal: Principal, action: Action, repository: Repository | null): Decision | Promise<Decision>;
}

const ALLOWED: Decision = { isAllowed: true };

/** Everyone who reaches larder may write: `--open`. */
export const everyoneWrites: AccessControl = { allowsEveryone: () => true, decide: () => ALLOWED };

/** Everyone pulls, and only the machine that larder runs on may write. */
export const ownMachineWrites: AccessControl = {
  allowsEveryone: (action) => action === "pull",
  decide: (principal, action) => {
    if (action === "pull" || principal.kind === "own-machine" || principal.kind === "administrator") return ALLOWED;
    const trait = principal.kind === "stranger" ? principal.trait : "came from somebody else";
    const why = `pushing, deleting and administering are allowed only from the machine that larder runs on; this request ${trait}. Do it on that machine, or start larder with --open to allow it to everyone who reaches it`;
    return { isAllowed: false, why };
  },
};
