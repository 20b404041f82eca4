import { type Session, useSession } from "../api/session.ts";

/** Why who looks may not do it; null: they may, as far as is known before they try. */
export type Rights = { readonly delete: string | null; readonly administer: string | null };

/** What who looks may do to an image. */
export function useRights(): Rights {
  const { session } = useSession();
  return { delete: whyNot(session, "delete"), administer: whyNot(session, "administer") };
}

function whyNot(session: Session | null, action: "delete" | "administer"): string | null {
  if (session === null) return "who you are is not known yet";
  if (session.may[action] !== "none") return null;
  return session.whyNot[action] ?? "you may not";
}
