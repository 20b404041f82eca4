import type { RepositoryName } from "../oci/repository-name.ts";
import type { Principal } from "./principal.ts";

/** What somebody wants to do. `push` is all of an upload, `administer` what the admin API changes. */
export type Action = "push" | "delete" | "administer";

type Decision = { readonly isAllowed: true } | { readonly isAllowed: false; readonly why: string };

/** Decides who may do what. Rules for people and repositories will be another implementation. */
export interface AccessControl {
  /** `repository` is null for what concerns none, or many. */
  decide(principal: Principal, action: Action, repository: RepositoryName | null): Promise<Decision>;
}

const ALLOWED: Decision = { isAllowed: true };

/** Everyone who reaches larder may write: `--open`. */
export const everyoneWrites: AccessControl = { decide: () => Promise.resolve(ALLOWED) };

/** Only the machine that larder runs on may write. */
export const ownMachineWrites: AccessControl = {
  decide: (principal) => {
    if (principal.kind === "own-machine") return Promise.resolve(ALLOWED);
    const why = `pushing, deleting and administering are allowed only from the machine that larder runs on; this request ${principal.trait}. Do it on that machine, or start larder with --open to allow it to everyone who reaches it`;
    return Promise.resolve({ isAllowed: false, why });
  },
};
