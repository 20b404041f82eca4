/** Imports of other registries' folders. */
import * as v from "valibot";
import { bytes, count, sentence } from "./basic-schemas.ts";
import { failed } from "./image-schemas.ts";
import type { Shape } from "./shape.ts";

/** What is imported, and how. */
export const importRequest = v.strictObject({
  folder: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(4096),
    v.description("the folder, by its absolute path on larder's machine: what registry:2 has as /var/lib/registry"),
  ),
  namespace: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(255),
      v.description("the registry that names belong to that say none; `local` when left out"),
    ),
  ),
  force: v.optional(v.pipe(v.boolean(), v.description("move tags that are on something else here")), false),
  dryRun: v.optional(v.pipe(v.boolean(), v.description("read and compare everything, and write nothing")), false),
  taggedOnly: v.optional(
    v.pipe(v.boolean(), v.description("leave manifests without a tag, save what tags lead to and what is attached")),
    false,
  ),
});

/** How far it is. */
export const importCounts = {
  repositories: count,
  manifests: count,
  tags: v.pipe(count, v.description("tags that were set")),
  tagsHere: v.pipe(count, v.description("tags that were here as they are there")),
  tagsKept: v.pipe(count, v.description("tags that are on something else here, and stayed")),
  blobs: v.pipe(count, v.description("blobs that were read; those that were here are not")),
  bytes,
  shared: v.pipe(count, v.description("of the blobs, those that share their space with the folder's files")),
  sparse: v.pipe(count, v.description("indexes that lack some of what they list")),
  problems: count,
} as const;

/** Something that could not be taken over as it is. */
export const importProblem = v.object({
  image: v.pipe(v.nullable(v.string()), v.description("by its name there; null: it belongs to none")),
  file: v.pipe(v.nullable(v.string()), v.description("below docker/registry/v2; null: no one file")),
  what: v.string(),
});

/** A tag that stayed as it is here. */
export const keptTag = v.object({
  image: v.string(),
  here: v.string(),
  there: v.string(),
  why: sentence("what would move it"),
});

/** An import on its way. */
export const importProgress = v.variant("kind", [
  v.object({ kind: v.literal("progress"), ...importCounts }),
  v.object({ kind: v.literal("problem"), ...importProblem.entries }),
  v.object({ kind: v.literal("kept"), ...keptTag.entries }),
  v.object({ kind: v.literal("done"), ...importCounts }),
  failed,
]);
/** A line about an import. */
export type ImportProgress = Shape<typeof importProgress>;
