import type { CheckedImage, InspectedImage, ListedImage } from "../admin/image-schemas.ts";
import type { CopyEvent } from "../images/copy/copy-image.ts";
import type { PlatformSelection } from "../oci/platform-selection.ts";
import type { Reference } from "../oci/reference.ts";
import type { Namespace } from "../oci/repository-name.ts";

/** An image in a list. Fields that a registry does not tell are null. */
export type ImageRow = Omit<ListedImage, "kind" | "updatedAtMs" | "sizeBytes"> & {
  readonly kind: ListedImage["kind"] | null;
  readonly updatedAtMs: number | null;
  readonly sizeBytes: number | null;
};

/** The order of a list. */
export type ImageOrder = "name" | "updated" | "pulled";

/** An image's details. Fields that a registry does not tell are null. */
export type ImageDetails = Omit<InspectedImage, "sizeBytes" | "platforms"> & {
  readonly sizeBytes: number | null;
  readonly platforms: readonly {
    readonly platform: string | null;
    readonly digest: string;
    readonly isHere: boolean | null;
  }[];
};

/** Whether an image is there and whole, as in the admin API. */
export type ImageState = Omit<CheckedImage, "missingBytes">;

/** An image that was brought. `fetchedBytes` is 0 when it was there before; `warning` is a sentence, or null. */
export type BroughtImage = {
  readonly digest: string | null;
  readonly fetchedBytes: number;
  readonly warning: string | null;
};

/** The registry that commands work on, be it larder or another. Failures are `RegistryError`s. */
export interface ImageRegistry {
  /** As its images are named from outside: `localhost:5000`. */
  readonly host: string;
  /** Does it go on bringing an image when the one who asked for that has left? */
  readonly goesOnAlone: boolean;
  /** Where it looks for names without a registry, in this order. */
  readonly unqualified: readonly Namespace[];
  /**
   * The images with this text in their full names, by name, or by a time, the latest first; null when the registry gives no
   * list. Where it knows no times they are in the order of names.
   */
  list(text: string, sort?: ImageOrder): Promise<readonly ImageRow[] | null>;
  /** An image that is there, whatever upstream has; null when it is not. */
  inspect(reference: Reference): Promise<ImageDetails | null>;
  /** Does it hold these images whole? One answer for each, in their order. */
  check(references: readonly Reference[], selection: PlatformSelection): Promise<readonly ImageState[]>;
  /**
   * Removes an image. What to say besides "removed", or null when there was nothing. `isForced`: also where a tag is immutable,
   * if this is a larder.
   */
  remove(reference: Reference, isForced?: boolean): Promise<{ readonly note: string } | null>;
  /** Brings an image from its own registry, with what refers to it. */
  bring(reference: Reference, selection: PlatformSelection, observe: (event: CopyEvent) => void): Promise<BroughtImage>;
}
