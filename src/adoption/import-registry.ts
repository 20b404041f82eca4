import { RegistryError } from "../oci/registry-error.ts";
import { LOCAL, type Namespace } from "../oci/repository-name.ts";
import type { Repository } from "../oci/repository.ts";
import { underLease } from "../storage/leases.ts";
import { BlobImport } from "./blob-import.ts";
import { type ImportCounts, type ImportEvent, ImportTally } from "./import-event.ts";
import type { ImportOptions, ImportParts } from "./import-parts.ts";
import { repositoryHere } from "./name-there.ts";
import { RegistryFolder } from "./registry-folder.ts";
import { RepositoryImport } from "./repository-import.ts";
import { readStoredRepository } from "./stored-repository.ts";

/**
 * Takes over what the folder of another registry has (`registry-layout.ts` draws it): nothing is written to it, everything is read
 * and compared with its digest, and what is not whole is told of and left out. What is here already costs a look, so that it can be
 * done again, and goes on where it was interrupted. One runs at a time.
 *
 * The images of a folder are pushed ones: people put them there. Those of a pull-through cache are cached ones, copies of the
 * registry's that `namespace` has to name. Throws BAD_REQUEST, UNAVAILABLE, STORAGE_FULL, WritesRefused.
 */
export async function importRegistry(
  path: string,
  parts: ImportParts,
  options: ImportOptions,
  tell: (event: ImportEvent) => void,
  signal: AbortSignal,
): Promise<ImportCounts> {
  const folder = RegistryFolder.open(path);
  const namespace = namespaceFor(folder, options.namespace);
  const done = await underLease(parts.metadata.leases, "import of a registry", async () => {
    const tally = new ImportTally(tell, parts.elapsed);
    // Under a name that says a registry, people pushed; a cache has none.
    const kind = folder.isCache && namespace !== LOCAL ? "cached" : "pushed";
    const blobs = new BlobImport({ parts, folder, tally, isDry: options.dryRun, kind, signal });
    for await (const name of folder.repositories(tally.note)) {
      signal.throwIfAborted();
      const repository = tryName(name, namespace, parts, tally);
      if (repository === null) continue;
      const there = await readStoredRepository(folder, name, tally.note);
      await new RepositoryImport({ parts, folder, tally, blobs, options, kind, signal }, there, repository).run();
    }
    return tally.counts;
  });
  if (done !== null) return done.value;
  throw new RegistryError("UNAVAILABLE", "another import is under way; wait for its end");
}

function namespaceFor({ isCache, path }: RegistryFolder, named: Namespace | null): Namespace {
  if (named !== null || !isCache) return named ?? LOCAL;
  throw new RegistryError(
    "BAD_REQUEST",
    `${path} was a pull-through cache: say of which registry (its proxy.remoteurl), as --namespace docker.io; --namespace local takes its images as pushed here`,
  );
}

function tryName(name: string, namespace: Namespace, { isOwn }: ImportParts, tally: ImportTally): Repository | null {
  try {
    return repositoryHere(name, namespace, isOwn);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    tally.note({ image: name, file: null, what: `it cannot have this name here: ${error.message}` });
    return null;
  }
}
