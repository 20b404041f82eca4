import type { MayPull } from "../registry/names/search-order.ts";
import { seenRot } from "../registry/verification/seen-rot.ts";
import type { VerificationComposition } from "./compose-verification.ts";

const IMAGES_NAMED = 5;

/**
 * Which images have blobs whose bytes cannot be had from here, for people; null when none is known, or nothing can be. Who may not
 * pull everything is told of what they may pull, of the first ones.
 */
export async function describeRot(
  { verifications }: VerificationComposition,
  mayPull: MayPull,
): Promise<string | null> {
  const state = await verifications.state().catch(() => null);
  if (state === null) return null;
  const { damaged, missing, unreadable } = state.rotten;
  const first = await seenRot(state.first, mayPull);
  // As many as there are, for who may see all of the first ones.
  const count = first.length < state.first.length ? first.length : damaged + missing + unreadable;
  if (count === 0) return null;
  const images = [...new Set(first.flatMap((one) => one.images))];
  const named = images.slice(0, IMAGES_NAMED).join(", ");
  const more = images.length > IMAGES_NAMED ? " and others" : "";
  const needed = images.length === 0 ? "" : `, which ${named}${more} need`;
  return `${count} ${count === 1 ? "blob is" : "blobs are"} damaged, missing or not to be read${needed}`;
}
