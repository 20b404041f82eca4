import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { ImagePattern } from "../oci/image-pattern.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { repositoryOf } from "../oci/repository.ts";
import type { NoteProblem } from "./adoption-problem.ts";
import { nameThere } from "./name-there.ts";
import type { ExportCounts, ExportSource } from "./export-source.ts";
import type { RegistryWriter } from "./registry-writer.ts";
import { RepositoryExport } from "./repository-export.ts";

/** How it is exported. */
export type ExportOptions = {
  /** Which images; none: all. */
  readonly patterns: readonly ImagePattern[];
  /** Are tags moved that are on something else there? */
  readonly force: boolean;
};

/**
 * Writes the images of a store into the folder of another registry: names of other registries with those in front, what refers to a
 * manifest also under the tag of the referrers tag schema. What is not whole is told of and left out.
 */
export async function exportRegistry(
  source: ExportSource,
  writer: RegistryWriter,
  options: ExportOptions,
  note: NoteProblem,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ExportCounts> {
  const counts: ExportCounts = {
    repositories: 0,
    manifests: 0,
    tags: 0,
    tagsKept: 0,
    blobs: 0,
    bytes: 0,
    linked: 0,
    referrerTags: 0,
    problems: 0,
  };
  const noteOne: NoteProblem = (problem) => {
    counts.problems++;
    note(problem);
  };
  const count = (bytes: number) => {
    signal.throwIfAborted();
    counts.bytes += bytes;
    onBytes(bytes);
  };
  for (const repository of source.images.repositories()) {
    signal.throwIfAborted();
    const meant = options.patterns.filter(({ name }) => name.matches(repository));
    if (options.patterns.length > 0 && meant.length === 0) continue;
    try {
      const name = nameThere(repositoryOf(repository));
      const parts = { source, writer, counts, note: noteOne, onBytes: count, force: options.force, signal };
      if (await new RepositoryExport(parts, repository, name, meant).run()) counts.repositories++;
    } catch (error) {
      if (!(error instanceof RegistryError) || error.code !== "NAME_INVALID") throw error;
      noteOne({ image: repository, file: null, what: `left out: ${describeFailure(error)}` });
    }
  }
  return counts;
}
