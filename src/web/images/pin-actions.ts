import type { FoundImage } from "../../admin/search-schemas.ts";
import { call } from "../api/call.ts";

/** Pins each of the images by its own name. Throws `ApiProblem`. */
export async function pinImages(images: readonly FoundImage[]): Promise<void> {
  for (const { name } of images) await call("addPin", { pin: name });
}

/** The pins that hold the images, and whether one holds more than them: it is about many. */
export function pinsOf(images: readonly FoundImage[]): readonly { readonly pin: string; readonly isWide: boolean }[] {
  const pins = new Map<string, boolean>();
  for (const { pin, name } of images) if (pin !== null) pins.set(pin, pin !== name);
  return [...pins].map(([pin, isWide]) => ({ pin, isWide }));
}

/** Takes pins away. Throws `ApiProblem`. */
export async function unpin(pins: readonly string[]): Promise<void> {
  for (const pin of pins) await call("removePin", { pin });
}
