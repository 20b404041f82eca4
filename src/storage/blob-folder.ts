/**
 * Where files of the data folder are:
 *
 *   DIR/blobs/sha256/ab/abcd…   a blob, immutable, under its digest; the folder is the first two digits of its hex
 *   DIR/blobs/sha512/ab/abcd…
 *   DIR/uploads/ID              an upload's bytes so far
 */
import { join } from "node:path";
import { algorithmOf, type Digest, hexOf } from "../oci/digest.ts";
import type { UploadId } from "./blobs.ts";

/** The folder of a blob's file. */
export function shardOf(dataFolder: string, digest: Digest): string {
  return join(dataFolder, "blobs", algorithmOf(digest), hexOf(digest).slice(0, 2));
}

/** A blob's file. */
export function blobPath(dataFolder: string, digest: Digest): string {
  return join(shardOf(dataFolder, digest), hexOf(digest));
}

/** The folder of uploads. */
export function uploadsFolder(dataFolder: string): string {
  return join(dataFolder, "uploads");
}

/** An upload's file. */
export function uploadPath(dataFolder: string, id: UploadId): string {
  return join(uploadsFolder(dataFolder), id);
}
