import { nameArtifact, PREDICATE_ANNOTATIONS } from "../../oci/artifact-kind.ts";
import type { ImageDocument, Inspected } from "./image-document.ts";

/** What something is: in words where it is no image, and for whom its commands are. */
export type WhatItIs = { readonly words: string | null; readonly kind: "image" | "chart" | "artifact" };

const IMAGE_TYPES = /^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/;
const NOTHING = "application/vnd.oci.empty.v1+json";

/** Judges by what it calls itself, and by what it is made of. */
export function whatItIs(
  { artifactType, layers, annotations, platforms, subject }: Inspected,
  { config }: ImageDocument,
): WhatItIs {
  const types = [...new Set(layers.slice(0, 50).map(({ mediaType }) => mediaType))];
  const predicateTypes = PREDICATE_ANNOTATIONS.flatMap((key) => annotations[key] ?? []);
  const words = nameArtifact({
    artifactType,
    configType: config?.mediaType ?? null,
    layerTypes: types,
    predicateTypes,
    tag: null,
  });
  if (words !== null) return { words, kind: words === "Helm chart" ? "chart" : "artifact" };
  const isNamed = artifactType !== null && !IMAGE_TYPES.test(artifactType) && artifactType !== NOTHING;
  if (isNamed && platforms.length === 0) return { words: "artifact", kind: "artifact" };
  if (config?.mediaType === NOTHING || (subject !== null && layers.length > 0 && config === null)) {
    return { words: "artifact", kind: "artifact" };
  }
  return { words: null, kind: "image" };
}
