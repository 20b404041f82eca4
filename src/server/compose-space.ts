import { statfs } from "node:fs/promises";
import type { Collector } from "../registry/collector.ts";
import type { Holds } from "../registry/holds/holds.ts";
import type { PullNotes } from "../registry/pull/pull-notes.ts";
import { DiskRoom } from "../registry/space/disk-room.ts";
import { Evictor } from "../registry/space/evictor.ts";
import { SpaceSurvey } from "../registry/space/space-survey.ts";
import type { SpaceLimits } from "../registry/space/space-limits.ts";
import { folderSpace } from "../storage/filesystem/folder-space.ts";
import type { Foundation, ServerEnvironment } from "./foundation.ts";
import type { CurrentSettings } from "./settings/current-settings.ts";

/** The parts of the registry that space is made with. */
type SpaceParts = {
  readonly collector: Collector;
  readonly pulls: PullNotes;
  readonly holds: Holds;
  readonly isOffline: () => boolean;
  readonly isFetching: (uploadId: string) => boolean;
};

/** Wires what evicts cached images, and what says when. */
export function composeSpace(
  settings: CurrentSettings,
  { log, clock }: ServerEnvironment,
  foundation: Foundation,
  { collector, pulls, holds, isOffline, isFetching }: SpaceParts,
) {
  const { dataFolder, metadata, turns } = foundation;
  const { space, leases, statistics, events, transitions } = metadata;
  const graceMs = () => settings.now.gcGraceMs;
  const giveBack = async () => {
    const { uploadExpiryMs } = settings.now;
    return (await collector.collectAfresh({ graceMs: graceMs(), uploadExpiryMs })).problem;
  };
  const evictor = new Evictor({
    space,
    holds,
    leases,
    transitions,
    pulls,
    giveBack,
    refusal: () => collector.refusal,
    graceMs,
    turns,
    now: clock.now,
  });
  const disk = () => spaceOf(dataFolder);
  const folder = () => folderSpace(dataFolder, isFetching);
  const limits = (): SpaceLimits => ({ maxBytes: settings.now.maxSizeBytes, keepFree: settings.now.keepFree });
  const otherBytes = async () => Object.values(await folder()).reduce((sum, bytes) => sum + bytes, 0);
  const room = new DiskRoom({
    limits,
    statistics,
    otherBytes,
    disk,
    evictor,
    isOffline,
    log,
    elapsed: clock.elapsed,
  });
  metadata.pins.subscribe(() => evictor.lookAgain());
  metadata.recordings.subscribe(({ kind }) => {
    if (kind === "removed") evictor.lookAgain();
  });
  events.subscribe(({ kind }) => {
    if (kind === "removed") evictor.lookAgain();
    // What people push is not stopped by a limit, but cached images make way for it.
    if (kind === "pushed") void room.keep();
  });
  const survey = new SpaceSurvey({ space, holds, evictor, turns, now: clock.now, graceMs });
  return { evictor, room, disk, folder, survey };
}

async function spaceOf(folder: string): Promise<{ freeBytes: number; sizeBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
}
