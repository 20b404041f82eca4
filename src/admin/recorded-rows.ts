import type { ListedImageOfRecording } from "./recording-schemas.ts";
import { tryParsePlatform } from "../oci/platform.ts";

/** An image of a recording for one platform: a row of a table. */
export type RecordedRow = Pick<
  ListedImageOfRecording,
  "tag" | "digest" | "kind" | "platform" | "sizeBytes" | "atMs" | "who" | "from"
> & {
  /** The full name, with the tag, or with the digest where there is none. */
  readonly image: string;
  /** The image of the platform, where the digest is an index's. */
  readonly platformDigest: string | null;
};

/** The rows of an image: one for each platform that was pulled of it. */
export function recordedRows({ name, parts, ...image }: ListedImageOfRecording): readonly RecordedRow[] {
  const { tag, digest } = image;
  const whole = { ...image, image: tag === null ? `${name}@${digest}` : `${name}:${tag}`, platformDigest: null };
  if (parts.length === 0) return [whole];
  return parts.map(({ digest: platformDigest, ...part }) => ({ ...whole, ...part, platformDigest }));
}

/**
 * The lines of a list that names just this, as `larder preload` reads it: the tag, the digest, and the platform as a comment, which
 * other programs pass over.
 */
export function listLines({ name, tag, digest, platform, parts }: ListedImageOfRecording): readonly string[] {
  const pinned = tag === null ? `${name}@${digest}` : `${name}:${tag}@${digest}`;
  const line = (of: string | null) => (of !== null && tryParsePlatform(of) !== null ? `${pinned} # ${of}` : null);
  if (parts.length === 0) return [line(platform) ?? pinned];
  return parts.map((part) => line(part.platform) ?? `${name}@${part.digest}`);
}
