import { type ImagePattern, parseImagePattern } from "../../oci/image-pattern.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { NotificationEndpoint } from "./endpoint.ts";
import type { Notice } from "./notice.ts";

/** Which notices an endpoint wants. */
export class WantedNotices {
  readonly #endpoint: NotificationEndpoint;
  readonly #images: readonly ImagePattern[];

  /** Throws NAME_INVALID for a pattern that is none. */
  constructor(endpoint: NotificationEndpoint) {
    this.#endpoint = endpoint;
    this.#images = endpoint.images.map(parseImagePattern);
  }

  /** Does it want any notice of pulls? */
  get arePulls(): boolean {
    return !this.#endpoint.isDisabled && this.#endpoint.kinds.includes("pull");
  }

  has(notice: Notice): boolean {
    const { isDisabled, kinds, wantsBlobs, ignoredMediaTypes, format } = this.#endpoint;
    const { kind, isBlob, mediaType, repository, request } = notice;
    if (isDisabled || !kinds.includes(kind)) return false;
    // A damaged blob is nobody's push: it is told whether single blobs are of interest or not.
    if (isBlob && !wantsBlobs && kind !== "verify-failed") return false;
    if (mediaType !== null && ignoredMediaTypes.includes(mediaType)) return false;
    // registry:2 takes a look for a pull.
    if (kind === "pull" && format === "cloudevents" && request?.method === "HEAD") return false;
    return repository === null || this.#images.length === 0 || this.#images.some((image) => matches(image, notice));
  }
}

/** A pattern with a tag is about images that have one: neither about blobs, nor about what is pushed by its digest. */
function matches({ name, tag }: ImagePattern, notice: Notice): boolean {
  if (!name.matches(notice.repository as RepositoryName)) return false;
  return tag === null || (notice.tag !== null && tag.matches(notice.tag as Tag));
}
