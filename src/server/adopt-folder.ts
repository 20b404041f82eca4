import { join } from "node:path";
import { RegistryFolder } from "../adoption/registry-folder.ts";
import { LAYOUT_PATH } from "../adoption/registry-layout.ts";
import type { ImportFolder } from "../http/admin/import-folder.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { NO_CAUSE } from "../storage/events.ts";
import type { SettingsStore } from "../storage/settings.ts";
import type { Log } from "../telemetry/log.ts";

/** Where it is written down that the data place's folder was taken over: what people remove afterwards must not come back. */
const KEY = "adoptedRegistry";
/** Problems that are logged one by one. */
const LOGGED = 100;

/** What adoption needs of the server. */
export type AdoptionParts = {
  readonly dataFolder: string;
  readonly importFolder: ImportFolder;
  readonly settings: SettingsStore;
  readonly now: () => number;
  readonly log: Log;
};

/**
 * Looks whether another registry's folder is where larder keeps its data, as after its image took the place of `registry:2`'s, and
 * says so; with `isWanted` takes it over while larder serves, once. Returns what ends that. Never fails.
 */
export function adoptFolder(isWanted: boolean, parts: AdoptionParts): () => Promise<void> {
  const ending = new AbortController();
  const running = adopt(isWanted, parts, ending.signal).catch((error: unknown) => {
    if (ending.signal.aborted) return;
    const what = "the registry's folder could not be taken over; larder import-registry tries again";
    parts.log.write("error", what, { error: describeFailure(error) });
  });
  return async () => {
    ending.abort();
    await running;
  };
}

async function adopt(isWanted: boolean, parts: AdoptionParts, signal: AbortSignal): Promise<void> {
  const { dataFolder, importFolder, settings, now, log } = parts;
  if (!RegistryFolder.isAt(dataFolder)) return;
  const folder = join(dataFolder, LAYOUT_PATH);
  if ((await settings.get(KEY)) !== null) return;
  if (!isWanted) {
    const advice = `its images are not served: \`larder import-registry ${dataFolder}\` or --adopt (LARDER_ADOPT=true) takes them over`;
    return log.write("warning", "another registry's images are in the data folder", { folder, advice });
  }
  log.write("info", "another registry's images are taken over while larder serves", { folder });
  let [told, logged] = [0, now()];
  const options = { namespace: null, force: false, dryRun: false, taggedOnly: false, cause: NO_CAUSE };
  const counts = await importFolder(
    dataFolder,
    options,
    (event) => {
      if (event.kind === "problem" && told++ < LOGGED) {
        const { image, file, what } = event;
        log.write("warning", "something could not be taken over", {
          ...(image && { image }),
          ...(file && { file }),
          what,
        });
      } else if (event.kind === "progress" && now() - logged > 10_000) {
        logged = now();
        const { tags, blobs, bytes } = event;
        log.write("info", "another registry's images are being taken over", { tags, blobs, bytes });
      }
    },
    signal,
  );
  await settings.set(KEY, { folder, atMs: now() });
  const { tags, manifests, blobs, bytes, problems, tagsKept } = counts;
  const advice = `${folder} is as it was, and not needed any more: removed, it gives back the space of what larder removes`;
  log.write("info", "another registry's images were taken over", {
    tags,
    manifests,
    blobs,
    bytes,
    problems,
    tagsKept,
    advice,
  });
}
