import type { RegistryError } from "../../oci/registry-error.ts";
import type { CopiedImage } from "./copy-image.ts";

/** A sentence about the layers that a copy left where they are; null when there are none. */
export function tellNotCarried(notCarried: CopiedImage["notCarried"]): string | null {
  const [first] = notCarried;
  if (first === undefined) return null;
  const others = notCarried.length > 1 ? ` and ${notCarried.length - 1} more` : "";
  const from =
    first.urls[0] === undefined ? "" : `; whoever runs the image fetches it from ${first.urls[0].slice(0, 200)}`;
  return `a layer that may not be distributed is not in the source and was not copied: ${first.digest}${others}${from}`;
}

/** A sentence about what refers to an image and could not be found out. */
export function tellReferrersFailure(failure: RegistryError): string {
  return `signatures and the like may be missing: ${failure.message}`;
}
