import type { ImageSource } from "../found/found-image.ts";

/** How a document is to be read. */
export type ManifestContext = {
  readonly source: ImageSource;
  /** All that is found is a guess, as in values files or manifests kept in strings. */
  readonly guess: boolean;
  /** How many strings deep the document was found. */
  readonly embedding: number;
};
