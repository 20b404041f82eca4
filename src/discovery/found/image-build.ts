import type { LocatedScalar } from "./located-value.ts";
import type { Place } from "./place.ts";

/** How a file has an image built: a Compose service, a Bake target, a devcontainer. `file` and `line` are where it says so. */
export type ImageBuild = Place & {
  /** Where the Dockerfile lies, or its text where the file itself holds it. */
  readonly dockerfile: { readonly path: string } | { readonly text: LocatedScalar };
  /** The build arguments that are given. */
  readonly args: ReadonlyMap<string, string>;
  /** Named contexts: the image that takes a name's place, null for what is no image. */
  readonly contexts: ReadonlyMap<string, string | null>;
};
