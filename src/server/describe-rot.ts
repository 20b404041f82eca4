import type { VerificationComposition } from "./compose-verification.ts";

const IMAGES_NAMED = 5;

/** Which images have blobs whose bytes cannot be had from here, for people; null when none is known, or nothing can be. */
export async function describeRot({ verifications }: VerificationComposition): Promise<string | null> {
  const state = await verifications.state().catch(() => null);
  if (state === null) return null;
  const { damaged, missing, unreadable } = state.rotten;
  const count = damaged + missing + unreadable;
  if (count === 0) return null;
  const images = [...new Set(state.first.flatMap((one) => one.images))];
  const named = images.slice(0, IMAGES_NAMED).join(", ");
  const more = images.length > IMAGES_NAMED ? " and others" : "";
  const needed = images.length === 0 ? "" : `, which ${named}${more} need`;
  return `${count} ${count === 1 ? "blob is" : "blobs are"} damaged, missing or not to be read${needed}`;
}
