import { useSession } from "../api/session.ts";
import type { Rights } from "./chosen-bar.tsx";

/** What whoever looks may do here, and why not; `round` is another number when that is somebody else. */
export function useRights(): { readonly rights: Rights; readonly mayAdminister: boolean; readonly round: number } {
  const { session, round } = useSession();
  const unknown = "Who you are is not known yet.";
  const rights = {
    whyNotRemove: session === null ? unknown : session.whyNot.delete,
    whyNotPin: session === null ? unknown : session.whyNot.administer,
  };
  return { rights, mayAdminister: session !== null && session.may.administer !== "none", round };
}
