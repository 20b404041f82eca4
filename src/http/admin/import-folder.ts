import { isAbsolute } from "node:path";
import type { ImportCounts, ImportEvent } from "../../adoption/import-event.ts";
import type { ImportOptions } from "../../adoption/import-parts.ts";
import type { InputOf } from "../../admin/contract.ts";
import type { ImportProgress } from "../../admin/import-schemas.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { tryParseNamespace } from "../../oci/repository-name.ts";
import type { EventCause } from "../../storage/events.ts";
import type { LineWork } from "./line-work.ts";

/** Imports the folder at a path; see `importRegistry`. */
export type ImportFolder = (
  folder: string,
  options: ImportOptions,
  tell: (event: ImportEvent) => void,
  signal: AbortSignal,
) => Promise<ImportCounts>;

/** Imports another registry's folder for as long as the client listens. Throws BAD_REQUEST. */
export function importFolder(
  run: ImportFolder,
  { folder, namespace: named, force, dryRun, taggedOnly }: InputOf<"importRegistry">,
  requested: AbortSignal,
  { who, from, requestId }: EventCause,
): LineWork<ImportProgress> {
  if (!isAbsolute(folder)) throw new RegistryError("BAD_REQUEST", `${quoteBriefly(folder)} is no absolute path`);
  const namespace = named === undefined ? null : tryParseNamespace(named);
  if (named !== undefined && namespace === null) {
    throw new RegistryError("BAD_REQUEST", `${quoteBriefly(named)} is not a registry's host, nor local`);
  }
  const options = { namespace, force, dryRun, taggedOnly, cause: { who, from, requestId } };
  const left = new AbortController();
  const signal = AbortSignal.any([requested, left.signal]);
  return {
    onLeave: () => left.abort(),
    work: async (tell) => ({ kind: "done", ...(await run(folder, options, tell, signal)) }),
  };
}
