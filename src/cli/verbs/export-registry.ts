import { mkdtemp, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { BackupProgress } from "../../admin/backup-schemas.ts";
import { exportRegistry } from "../../adoption/export-registry.ts";
import type { ExportSource } from "../../adoption/export-source.ts";
import { RegistryWriter } from "../../adoption/registry-writer.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { syncAll } from "../../lib/files/sync-all.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import { RecordedImages } from "../../recovery/backup/recorded-images.ts";
import { readStoreMark } from "../../recovery/store-mark.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { exportResult } from "../json/server-results.ts";
import { writeJson } from "../json/write-json.ts";
import { Progress } from "../progress.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";
import { spoolDirectory } from "../spool-directory.ts";

type Flags = { readonly registry?: string; readonly force?: true; readonly copy?: true; readonly json?: true };
type Begun = Extract<BackupProgress, { kind: "begun" }>;

const LISTED = 1000;

/** `larder export-registry`: writes a folder that registry:2 and registry:3 serve. */
export function exportRegistryCommand(io: CommandIo): Command {
  const command = new Command("export-registry")
    .argument("<folder>", "what registry:2 is to have as /var/lib/registry: an empty folder, or one of such a registry")
    .argument("[patterns...]", "which images, such as 'team/**' or 'docker.io/**:v1.*'; none: all")
    .description(
      "Write the images of a larder into a folder that registry:2 and registry:3 serve, as they are at one moment, while larder runs. Every file is compared with its digest; on larder's own file system blobs are hard links. Images of other registries have their names in front, as quay.io/org/app. What refers to an image, such as a signature, is also listed under the tag that registries without the referrers API have for it. It can be done again, and goes on where it was interrupted; a registry that runs on the folder is to be started anew. Exit status 1: something is not whole in larder, or was left as it is there.",
    )
    .option("--force", "move tags that are on something else there")
    .option("--copy", "copy files even where a hard link would do")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((folder: string, patterns: readonly string[], flags: Flags) =>
    failingPlainly(io.signal, () => exportAll(resolve(folder), patterns, flags, io)),
  );
}

async function exportAll(folder: string, named: readonly string[], flags: Flags, io: CommandIo): Promise<void> {
  const patterns = readArgument(() => named.map(parseImagePattern));
  const writer = RegistryWriter.open(folder, flags.copy !== true);
  const larder = await connectLarder(flags, "export-registry", io);
  // As long as somebody listens, larder holds on to what a backup of it would have.
  const lines = larder.lines("beginBackup", {})[Symbol.asyncIterator]();
  const { value, done } = await lines.next();
  if (done === true || value.kind !== "begun") {
    throw new CommandFailure(1, done !== true && value.kind === "failed" ? value.message : "larder began no export");
  }
  const listening = drain(lines);
  const scratch = await mkdtemp(join(spoolDirectory(io.environment), "larder-export-"));
  const progress = new Progress(io.stderr, () => performance.now());
  progress.begin("export", "writing", null);
  const problems: { image: string | null; file: string | null; what: string }[] = [];
  try {
    const { images, source } = await openSource(larder, value, scratch);
    let bytes = 0;
    const onBytes = (more: number) => progress.update("export", (bytes += more));
    const note = (problem: (typeof problems)[number]) => {
      if (problems.length < LISTED) problems.push(problem);
      if (flags.json !== true) io.stdout.write(`${problem.image}\t${problem.what}\n`);
    };
    const options = { patterns, force: flags.force === true };
    const counts = await exportRegistry(source, writer, options, note, onBytes, io.signal).finally(() =>
      images.close(),
    );
    syncAll();
    progress.close();
    const status = counts.problems === 0 ? "whole" : "lacking";
    if (flags.json === true) writeJson(io.stdout, exportResult, { status, ...counts, first: problems });
    else {
      const { repositories, manifests, tags, blobs, linked, referrerTags } = counts;
      const links = linked > 0 ? `, ${linked} of them hard links` : "";
      const lists = referrerTags > 0 ? `; ${referrerTags} tags list what refers to images` : "";
      io.stdout.write(
        `${folder}: ${repositories} repositories, ${manifests} manifests, ${tags} tags set, ${blobs} blobs of ${formatBytes(counts.bytes)}${links}${lists}\n`,
      );
    }
    if (counts.problems > 0) throw new CommandFailure(1, "");
  } finally {
    progress.close();
    await larder.call("endBackup", { backup: value.id }).catch(() => {});
    await listening;
    await rm(scratch, { recursive: true, force: true });
  }
}

/** What breaks off is told by what is asked for next. */
async function drain(lines: AsyncIterator<BackupProgress>): Promise<void> {
  try {
    while ((await lines.next()).done !== true);
  } catch {
    // As above.
  }
}

/** The images as larder's database has them at this moment, and its blobs: its own files where they are here. */
async function openSource(
  larder: AdminClient,
  { id, folder, store }: Begun,
  scratch: string,
): Promise<{ readonly images: RecordedImages; readonly source: ExportSource }> {
  const path = join(scratch, "larder.db");
  const database = await larder.bytes("readBackup", { backup: id, file: "larder.db", from: 0 });
  if (database === null) throw new CommandFailure(1, "larder gives no copy of its database");
  const writing = Bun.file(path).writer();
  for await (const piece of database) {
    await writing.write(piece);
    await writing.flush();
  }
  await writing.end();
  const images = new RecordedImages(path);
  const isHere = readStoreMark(folder)?.id === store.id;
  const blob: ExportSource["blob"] = (digest) => {
    const hex = digest.slice(7);
    const file = isHere ? join(folder, "blobs", digest.slice(0, 6), hex.slice(0, 2), hex) : null;
    return { file, pieces: () => larder.bytes("readBackup", { backup: id, file: digest, from: 0 }) };
  };
  return { images, source: { images, blob } };
}
