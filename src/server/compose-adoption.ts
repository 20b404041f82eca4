import { importRegistry } from "../adoption/import-registry.ts";
import type { ImportParts } from "../adoption/import-parts.ts";
import type { ImportFolder } from "../http/admin/import-folder.ts";
import { FilesystemIntake } from "../storage/filesystem/file-intake.ts";
import type { RegistryComposition } from "./compose-registry.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";

/** Makes what takes over other registries' folders. */
export function composeAdoption(
  { blobs, registry, rules }: RegistryComposition,
  { clock }: ServerEnvironment,
  { dataFolder, metadata, reserve, guard, turns }: Foundation,
): ImportFolder {
  const parts: ImportParts = {
    metadata,
    blobs,
    intake: new FilesystemIntake(dataFolder, reserve, guard),
    immutableBy: (repository, tag) => rules().immutableBy(repository, tag),
    isOwn: (namespace) => registry.hosts.isOwn(namespace),
    turns,
    now: clock.now,
    elapsed: clock.elapsed,
  };
  return (folder, options, tell, signal) => importRegistry(folder, parts, options, tell, signal);
}
