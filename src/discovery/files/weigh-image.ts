import type { Findings, FoundImage } from "../found/found-image.ts";
import { isLikelyImage, isTemplated } from "../found/image-text.ts";
import { type LocatedScalar, textPlace } from "../found/located-value.ts";
import type { Place } from "../found/place.ts";
import type { ManifestContext } from "./manifest-context.ts";
import { substituteVariables } from "./variable-substitution.ts";

/** What a field is for: a container's image is one however it is spelled, elsewhere a bare word is something else. */
export type Certainty = "container" | "other";

/**
 * Adds the image that a field's text names, if it is one. A placeholder that nothing here can fill in is named, as an error
 * where an image is due and as a note where one was only guessed.
 */
export function weighImage(
  where: Place | LocatedScalar,
  text: string,
  kind: FoundImage["kind"],
  certainty: Certainty,
  context: ManifestContext,
  findings: Findings,
): void {
  const written = text.trim();
  const place = "textLine" in where ? textPlace(where) : where;
  const say = (message: string) => {
    if (kind === "field" && context.embedding === 0) findings.error(place, message);
    else findings.note(place, message);
  };
  const quoted = JSON.stringify(written.slice(0, 200));
  // Knative's and Tekton's sources name Go packages.
  if (written.startsWith("ko://"))
    return say(`the image ${quoted} is built by ko; what a release ships names its image`);
  const filled = written.includes("${") ? substituteVariables(written, new Map()) : { text: written, missing: [] };
  if (filled.missing.length > 0 || isTemplated(filled.text)) {
    return say(`the image ${quoted} holds a placeholder that cannot be resolved here`);
  }
  if (certainty !== "container" && !isLikelyImage(filled.text)) return;
  if (!findings.image(place, filled.text, kind, context.source) && certainty === "container") {
    say(`the image ${quoted} is not a valid reference`);
  }
}
