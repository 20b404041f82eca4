import { resolve } from "node:path";
import { Command } from "commander";
import type { Listed } from "../../recovery/database-builder.ts";
import { seekDamage } from "../../recovery/database-copy.ts";
import { finishRebuild, rebuildStore, type RebuildReport } from "../../recovery/rebuild.ts";
import { StoreInUse, StoreLock } from "../../storage/sqlite/store-lock.ts";
import { readStoreMark } from "../../recovery/store-mark.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { timeOf } from "../json/json-values.ts";
import { rebuildResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { fileOf, readSettingsOrFail } from "../setting-flags.ts";

type Flags = {
  readonly data?: string;
  readonly config?: string;
  readonly dryRun?: true;
  readonly force?: true;
  readonly json?: true;
};

/** `larder rebuild`: makes a damaged or lost database anew. */
export function rebuildCommand(io: CommandIo): Command {
  return new Command("rebuild")
    .description(
      "Make larder's database anew, out of its last snapshot, what changed since, what can still be read of the old one, and\n" +
        "the files of images. larder must be stopped. Nothing is deleted: the old database is kept beside the new one.",
    )
    .option("--data <folder>", "where images are kept (default ./larder-data)")
    .option("--config <file>", "the larder.yaml that larder runs with")
    .option("--dry-run", "tell what there is, and change nothing")
    .option("--force", "although nothing seems to be wrong with the database")
    .option("--json", "as JSON")
    .action((flags: Flags) => failingPlainly(io.signal, () => rebuild(flags, io)));
}

async function rebuild({ dryRun, force, json, data, config }: Flags, io: CommandIo): Promise<void> {
  const { environment } = io;
  const flags = new Map(data === undefined ? [] : [["data", [data]] as const]);
  const { settings } = await readSettingsOrFail({ file: fileOf(config, environment), flags, environment });
  const folder = resolve(settings.data);
  const lock = lockStore(folder);
  try {
    const isDry = dryRun === true;
    if (!isDry && (await finishRebuild(folder, Date.now()))) {
      io.stdout.write("The rebuild that was interrupted is finished.\n");
      return;
    }
    const mark = readStoreMark(folder);
    const damage = mark?.damage ?? (await seekDamage(folder, mark));
    if (damage === null && force !== true && !isDry) {
      throw new CommandFailure(
        1,
        `nothing is wrong with the database in ${folder}; --force makes it anew all the same`,
      );
    }
    const report = await rebuildStore(folder, Date.now(), isDry);
    const { snapshotAtMs, ...rest } = report;
    if (json === true) writeJson(io.stdout, rebuildResult, { damage, ...rest, snapshotAt: timeOf(snapshotAtMs) });
    else io.stdout.write(describe(damage, report, isDry));
  } finally {
    lock.release();
  }
}

function lockStore(folder: string): StoreLock {
  try {
    return new StoreLock(folder);
  } catch (error) {
    const what = error instanceof StoreInUse ? "a larder runs on it; stop it first" : "there is no such folder";
    throw new CommandFailure(1, `cannot rebuild the database in ${folder}: ${what}`, { cause: error });
  }
}

function describe(damage: string | null, report: RebuildReport, isDry: boolean): string {
  const { snapshotAtMs, records, salvaged, unreadable, unnamedFiles, keptAs } = report;
  const lines = [
    damage === null ? "Nothing seems to be wrong with the database." : `What is wrong: ${damage}.`,
    snapshotAtMs === null
      ? `There is no whole snapshot${records > 0 ? `, but ${records} records` : ""}.`
      : `From the snapshot of ${new Date(snapshotAtMs).toISOString()} and what changed since: ${records} records.`,
    ...(unreadable > 0 ? [`${unreadable} records could not be read.`] : []),
    ...(salvaged > 0 ? [`Read out of the old database: ${salvaged} records.`] : []),
    ...(report.manifests === 0 ? [NOTHING] : []),
    `${isDry ? "There are" : "Brought back:"} ${report.tags} tags, ${report.manifests} manifests in ${report.repositories} repositories, ${report.blobs} blobs.`,
    ...listed("tags are lost, for their manifests are nowhere", report.lostTags),
    ...listed("blobs of pushed images are missing", report.missingBlobs),
    ...(unnamedFiles > 0 ? [`${unnamedFiles} files of blobs are named by no manifest; they stay where they are.`] : []),
    ...(isDry ? ["Nothing was changed."] : []),
    ...(keptAs === null ? [] : [`The old database is kept as ${keptAs}.`]),
  ];
  return `${lines.join("\n")}\n`;
}

const NOTHING =
  "Without a snapshot and without a database that can be read, tags and manifests cannot be known: no file says which image " +
  "it belongs to. If there is a copy of larder.db anywhere, put it back, without a larder.db-wal, and rebuild again.";

function listed(what: string, { first, count }: Listed): readonly string[] {
  if (count === 0) return [];
  const more = count > first.length ? [`  and ${count - first.length} more`] : [];
  return [`${count} ${what}:`, ...first.map((one) => `  ${one}`), ...more];
}
