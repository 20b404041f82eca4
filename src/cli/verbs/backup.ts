import { existsSync, statSync } from "node:fs";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Command } from "commander";
import type { BackupProgress } from "../../admin/backup-schemas.ts";
import type { AdminClient } from "../../admin/admin-client.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { zstd } from "../../lib/compression/zstd.ts";
import { isDiskFull } from "../../lib/files/system-error.ts";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import type { Digest } from "../../oci/digest.ts";
import { backupArchive } from "../../recovery/backup/backup-archive.ts";
import { type BackupDescription, BackupError } from "../../recovery/backup/backup-description.ts";
import { backupIntoFolder } from "../../recovery/backup/backup-into-folder.ts";
import type { BackupSource } from "../../recovery/backup/backup-source.ts";
import { examineBackup } from "../../recovery/backup/examine-backup.ts";
import { readBackup } from "../../recovery/backup/read-backup.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { timeOf } from "../json/json-values.ts";
import { backupResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { Progress } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";

type Flags = {
  readonly registry?: string;
  readonly check?: true;
  readonly copy?: true;
  readonly keep?: true;
  readonly json?: true;
};

/** An archive is made by such a name. */
const ARCHIVE = /\.(?:tar|tar\.zst|tzst)$/;
/** What looks like one, and would become a folder of that name. */
const OTHER_ARCHIVE = /\.(?:tar\.\w+|tgz|tbz2?|txz|zip|zst|gz|xz|bz2)$/;
const PAGE = 500;
const ZSTD = { level: 3, tasks: 2 } as const;

/** `larder backup`: copies a larder's whole store while it runs. */
export function backupCommand(io: CommandIo): Command {
  const command = new Command("backup")
    .argument("<target>", "a folder; or a file that ends with .tar or .tar.zst; '-': a tar to standard output")
    .description(
      "Copy the whole store of a larder, as it is at one moment, while it runs and goes on: images, tags, users and tokens, settings, and its keys and certificates (0600: keep the backup as safe as them). Into a folder only what it lacks is copied, as hard links where it is on the store's file system, and what the store has no more is taken away; larder can be started on such a folder. Exit status 1: the backup is not whole, or lacks blobs that are damaged in the store.",
    )
    .option("--check", "read a backup and compare it with its digests")
    .option("--copy", "copy files even where a hard link would do")
    .option("--keep", "leave in the folder what the store has no more")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((target: string, flags: Flags) =>
    failingPlainly(io.signal, () =>
      plainly(() => (flags.check === true ? check(target, flags, io) : backup(target, flags, io))),
    ),
  );
}

/** What can be done about it is in the message. */
export async function plainly(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new CommandFailure(1, error.message, { cause: error });
  }
}

async function backup(target: string, flags: Flags, io: CommandIo): Promise<void> {
  const isArchive = target === "-" || ARCHIVE.test(target) || (existsSync(target) && !statSync(target).isDirectory());
  if (!isArchive && OTHER_ARCHIVE.test(target) && !existsSync(target)) {
    throw new CommandFailure(
      2,
      `${target}: an archive of larder's is a .tar or .tar.zst; name it so, or a folder otherwise`,
    );
  }
  const larder = await connectLarder(flags, "backup", io);
  const version = (await larder.identify())?.version ?? "";
  const lines = larder.lines("beginBackup", {})[Symbol.asyncIterator]();
  const begun = await firstOf(lines);
  // As long as somebody listens, larder holds on to what is to be copied.
  const listening = drain(lines);
  const progress = new Progress(io.stderr, () => performance.now());
  let done = 0;
  progress.begin("backup", "copying", begun.blobs.bytes + begun.files.reduce((sum, { bytes }) => sum + bytes, 0));
  const onBytes = (bytes: number) => progress.update("backup", (done += bytes));
  try {
    const source = sourceOf(larder, begun, version);
    if (isArchive) report(await archive(source, target, onBytes, io), target, flags, io);
    else {
      const options = { mayLink: flags.copy !== true, keepsGone: flags.keep === true, onBytes };
      report(await backupIntoFolder(source, resolve(target), options), target, flags, io);
    }
  } catch (error) {
    // Larder's own disk says that in an answer.
    if (!isDiskFull(error)) throw error;
    throw new CommandFailure(1, `${target}: the disk is full; what is copied stays, and the next run goes on`, {
      cause: error,
    });
  } finally {
    progress.close();
    // It ends by itself when nobody listens any more.
    await larder.call("endBackup", { backup: begun.id }).catch(() => {});
    await listening;
  }
}

type Begun = Extract<BackupProgress, { kind: "begun" }>;

async function firstOf(lines: AsyncIterator<BackupProgress>): Promise<Begun> {
  const { value, done } = await lines.next();
  if (done !== true && value.kind === "begun") return value;
  throw new CommandFailure(1, done !== true && value.kind === "failed" ? value.message : "larder began no backup");
}

/** What breaks off is told by what is asked for next. */
async function drain(lines: AsyncIterator<BackupProgress>): Promise<void> {
  try {
    while ((await lines.next()).done !== true);
  } catch {
    // As above.
  }
}

function sourceOf(larder: AdminClient, begun: Begun, version: string): BackupSource {
  const { id } = begun;
  return {
    begun,
    version,
    blobs: async (after) => {
      const page = await larder.call("listBackupBlobs", {
        backup: id,
        limit: PAGE,
        ...(after === null ? {} : { after }),
      });
      const blobs = page.blobs.map(({ digest, size }) => ({ digest: digest as Digest, size }));
      return { blobs, next: page.next as Digest | null };
    },
    read: (name, from) => larder.bytes("readBackup", { backup: id, file: name, from }),
  };
}

/** What runs that were killed left beside an archive. */
async function dropOrphans(path: string): Promise<void> {
  const start = `${basename(path)}.part-`;
  for (const name of await readdir(dirname(path))) {
    const pid = name.startsWith(start) ? name.slice(start.length) : "";
    if (/^\d+$/.test(pid) && !existsSync(`/proc/${pid}`)) await rm(join(dirname(path), name), { force: true });
  }
}

type Made = {
  readonly description: BackupDescription;
  readonly lackingCount: number;
  readonly present?: number;
  readonly linked?: number;
  readonly copied?: number;
  readonly removed?: number;
};

async function archive(
  source: BackupSource,
  target: string,
  onBytes: (bytes: number) => void,
  io: CommandIo,
): Promise<Made> {
  const { bytes, report: told } = backupArchive(source, onBytes);
  if (target === "-") {
    const out = Bun.stdout.writer();
    for await (const piece of bytes) {
      io.signal.throwIfAborted();
      await out.write(piece);
      await out.flush();
    }
    await out.end();
    return told();
  }
  const path = resolve(target);
  await dropOrphans(path);
  // It is at its place when it is whole, and not before; of two at once, the later one stays.
  const part = `${path}.part-${process.pid}`;
  const file = await open(part, "w", 0o600);
  try {
    for await (const piece of path.endsWith(".tar") ? bytes : zstd(bytes, ZSTD)) {
      io.signal.throwIfAborted();
      await file.writeFile(piece);
    }
    await file.sync();
    await file.close();
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await file.close().catch(() => {});
    await rm(part, { force: true });
    throw error;
  }
  return told();
}

function report(made: Made, target: string, { json }: Flags, io: CommandIo): void {
  const { description, lackingCount, present = 0, linked = 0, copied = description.blobs.count, removed = 0 } = made;
  const { takenAtMs, blobs } = description;
  const counts = { blobs: blobs.count, bytes: blobs.bytes, present, linked, copied, removed, lacking: lackingCount };
  const status = lackingCount === 0 ? "whole" : "lacking";
  const problems = description.lacking.map((digest) => `the blob ${digest} is damaged in the store, or gone`);
  const say = (text: string) => (target === "-" ? io.stderr : io.stdout).write(text);
  if (json === true && target !== "-")
    writeJson(io.stdout, backupResult, { status, takenAt: timeOf(takenAtMs), ...counts, problems });
  else {
    const parts = [
      ...(present > 0 ? [`${present} were there`] : []),
      ...(linked > 0 ? [`${linked} are hard links to the store's own files, on the same disk`] : []),
      ...(removed > 0 ? [`${removed} were taken away`] : []),
    ];
    say(
      `${target}: ${blobs.count} blobs, ${formatBytes(blobs.bytes)}, as of ${timeOf(takenAtMs)}${parts.map((one) => `; ${one}`).join("")}\n`,
    );
    say(problems.map((problem) => `  ${problem}\n`).join(""));
  }
  if (lackingCount > 0)
    throw new CommandFailure(
      1,
      `the backup lacks ${lackingCount} blobs; \`larder verify\` tells which images need them`,
    );
}

async function check(target: string, { json }: Flags, io: CommandIo): Promise<void> {
  const progress = new Progress(io.stderr, () => performance.now());
  progress.begin("check", "reading", null);
  let done = 0;
  const onBytes = (bytes: number) => {
    io.signal.throwIfAborted();
    progress.update("check", (done += bytes));
  };
  const found = await examineBackup(readBackup(target, io.stdin ?? noInput), { onBytes }).finally(() =>
    progress.close(),
  );
  const { description, problems, problemCount, blobs, bytes } = found;
  const status = problemCount === 0 ? "whole" : "damaged";
  const counts = {
    blobs,
    bytes,
    present: blobs,
    linked: 0,
    copied: 0,
    removed: 0,
    lacking: description.lacking.length,
  };
  const takenAt = timeOf(description.takenAtMs);
  if (json === true) writeJson(io.stdout, backupResult, { status, takenAt, ...counts, problems: [...problems] });
  else {
    io.stdout.write(`${target}: ${status}, ${blobs} blobs, ${formatBytes(bytes)}, as of ${takenAt}\n`);
    io.stdout.write(problems.map((problem) => `  ${problem}\n`).join(""));
  }
  if (problemCount > 0)
    throw new CommandFailure(1, problemCount > problems.length ? `${problemCount} things are wrong` : "");
}

function noInput(): never {
  throw new CommandFailure(2, "there is no standard input");
}
