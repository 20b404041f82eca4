/**
 * Where files of the data folder are:
 *
 *   DIR/blobs/sha256/ab/abcd…   a blob, immutable, under its digest; the folder is the first two digits of its hex
 *   DIR/blobs/sha512/ab/abcd…
 *   DIR/uploads/ID              an upload's bytes so far
 *   DIR/aside/sha256/ab/abcd…           a file that no record names, taken out of the way
 *   DIR/aside/damaged/sha256/ab/abcd…   one whose bytes are not those of its digest; or no file, but a link or a folder
 */
import { join } from "node:path";
import { algorithmOf, type Digest, hexOf } from "../../oci/digest.ts";
import type { AsideReason } from "../aside.ts";
import type { UploadId } from "../blobs.ts";

/** The folder of a blob's file. */
export function shardOf(dataFolder: string, digest: Digest): string {
  return join(dataFolder, "blobs", algorithmOf(digest), hexOf(digest).slice(0, 2));
}

/** A blob's file. */
export function blobPath(dataFolder: string, digest: Digest): string {
  return join(shardOf(dataFolder, digest), hexOf(digest));
}

/** The folder of what was set aside for this reason; it is laid out like `DIR/blobs`. */
export function asideFolder(dataFolder: string, reason: AsideReason): string {
  return reason === "unrecorded" ? join(dataFolder, "aside") : join(dataFolder, "aside", "damaged");
}

/** Where a blob's file is while it is set aside. */
export function asidePath(dataFolder: string, digest: Digest, reason: AsideReason): string {
  const hex = hexOf(digest);
  return join(asideFolder(dataFolder, reason), algorithmOf(digest), hex.slice(0, 2), hex);
}

/** The folder of uploads. */
export function uploadsFolder(dataFolder: string): string {
  return join(dataFolder, "uploads");
}

/** An upload's file. */
export function uploadPath(dataFolder: string, id: UploadId): string {
  return join(uploadsFolder(dataFolder), id);
}
