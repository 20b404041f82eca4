import { Command } from "commander";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { ListedImageOfRecording, ListedRecording } from "../../admin/recording-schemas.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { also, dateText } from "../account-words.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { timeOf } from "../json/json-values.ts";
import { listedRecordings, recordedImages, recordingResult, removedRecordings } from "../json/recording-results.ts";
import { writeJson } from "../json/write-json.ts";
import { listLines, type RecordedRow, recordedRows } from "../../admin/recorded-rows.ts";
import { addConnectionOptions, connectLarder } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly json?: true };
type StartFlags = Flags & { readonly from?: readonly string[]; readonly append?: true };
type ShowFlags = Flags & { readonly list?: true };

/** `larder record`: run the cluster once, and know what it needs. */
export function recordCommand(io: CommandIo): Command {
  return new Command("record")
    .addCommand(startCommand(io))
    .addCommand(stopCommand(io))
    .addCommand(lsCommand(io))
    .addCommand(showCommand(io))
    .addCommand(rmCommand(io));
}

function startCommand(io: CommandIo): Command {
  const command = new Command("start")
    .summary("record from now on what is pulled")
    .description(
      "Record from now on what is pulled: names, tags, digests, platforms, and who asked first. What a recording holds is never\n" +
        "evicted, and no rule removes it. A pull is in it within a second; it goes on over restarts, until it is stopped.",
    )
    .argument("<name>", "what it is to be called: letters, digits, '.', '_' and '-'")
    .option("--from <network>", "only what is pulled from there: 10.0.0.0/8, fd00::/8, 10.0.0.7; once or more", also)
    .option("--append", "go on with a recording of this name that has been")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((name: string, flags: StartFlags) =>
    failingPlainly(io.signal, async () => {
      const larder = await connectLarder(flags, "record start", io);
      const request = { name, from: [...(flags.from ?? [])], append: flags.append === true };
      const started = await larder.call("startRecording", request);
      const whose = started.from.length === 0 ? "every pull" : `every pull from ${started.from.join(", ")}`;
      io.stderr.write(
        `${started.name}: ${whose} is recorded from now on; larder record stop ${started.name} ends it\n`,
      );
      if (flags.json === true) writeJson(io.stdout, recordingResult, jsonOf(started));
    }),
  );
}

function stopCommand(io: CommandIo): Command {
  const command = new Command("stop")
    .summary("end a recording; what it holds stays")
    .description("End a recording. All that was pulled until now is in it; what it holds stays, until it is removed.")
    .argument("<name>", "the recording, as larder record ls shows it")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((name: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const larder = await connectLarder(flags, "record stop", io);
      const stopped = await larder.call("stopRecording", { name });
      io.stderr.write(`${name}: ${countOf(stopped)}; larder record show ${name} lists them\n`);
      tellIfFull(stopped, io);
      if (flags.json === true) writeJson(io.stdout, recordingResult, jsonOf(stopped));
    }),
  );
}

const RECORDINGS: readonly Column[] = [
  { title: "RECORDING", kind: "name" },
  { title: "STATUS", kind: "fact" },
  { title: "IMAGES", kind: "fact" },
  { title: "STARTED (UTC)", kind: "fact" },
  { title: "STOPPED (UTC)", kind: "fact" },
  { title: "FROM", kind: "prose" },
];

function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .summary("list recordings")
    .description("List recordings: those that run, and those that have been.")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const larder = await connectLarder(flags, "record ls", io);
      const { recordings } = await larder.call("listRecordings", {});
      if (flags.json === true) return writeJson(io.stdout, listedRecordings, recordings.map(jsonOf));
      if (recordings.length === 0)
        return io.stderr.write("larder: there are no recordings; larder record start NAME begins one\n");
      io.stdout.write(formatTable(RECORDINGS, recordings.map(cellsOf), io.stdout.columns ?? null));
      for (const recording of recordings) tellIfFull(recording, io);
    }),
  );
}

const IMAGES: readonly Column[] = [
  { title: "IMAGE", kind: "name" },
  { title: "DIGEST", kind: "digest" },
  { title: "PLATFORM", kind: "fact" },
  { title: "SIZE", kind: "fact" },
  { title: "FIRST (UTC)", kind: "fact" },
  { title: "BY", kind: "prose" },
];

function showCommand(io: CommandIo): Command {
  const command = new Command("show")
    .summary("list what is in a recording")
    .description(
      "List what was pulled while a recording ran: image by image, with the platforms that were pulled of each. What is no image\n" +
        "says in the place of the platform what it is.",
    )
    .argument("<name>", "the recording, as larder record ls shows it")
    .option("--list", "as a plain list, which larder preload reads: a line for each image and platform")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((name: string, flags: ShowFlags) =>
    failingPlainly(io.signal, async () => {
      if (flags.list === true && flags.json === true) throw new CommandFailure(2, "--list and --json: choose one");
      const larder = await connectLarder(flags, "record show", io);
      const { recording, images } = await imagesOf(larder, name);
      tellIfFull(recording, io);
      if (flags.list === true) return writeLines(images.flatMap(listLines), io);
      const rows = images.flatMap(recordedRows);
      if (flags.json === true) return writeJson(io.stdout, recordedImages, rows.map(jsonOfRow));
      if (rows.length === 0) return io.stderr.write(`larder: nothing was pulled while ${name} ran, so far\n`);
      io.stdout.write(formatTable(IMAGES, rows.map(cellsOfRow), io.stdout.columns ?? null));
    }),
  );
}

function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .summary("remove recordings")
    .description(
      "Remove recordings that have ended. What they held stays where it is, but may be evicted from then on.",
    )
    .argument("<name...>", "recordings, as larder record ls shows them")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((names: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const larder = await connectLarder(flags, "record rm", io);
      for (const name of names) {
        await larder.call("removeRecording", { name });
        io.stderr.write(`${name}: removed; what it held may be evicted now\n`);
      }
      if (flags.json === true)
        writeJson(
          io.stdout,
          removedRecordings,
          names.map((name) => ({ name, status: "removed" as const })),
        );
    }),
  );
}

async function imagesOf(
  larder: AdminClient,
  name: string,
): Promise<{ readonly recording: ListedRecording; readonly images: readonly ListedImageOfRecording[] }> {
  const images: ListedImageOfRecording[] = [];
  for (let after: string | undefined; ; ) {
    const page = await larder.call("getRecording", { name, after, limit: 1000 });
    images.push(...page.images);
    if (page.next === null) return { recording: page.recording, images };
    after = page.next;
  }
}

function writeLines(lines: readonly string[], { stdout }: CommandIo): void {
  for (const line of new Set(lines)) stdout.write(`${line}\n`);
}

function tellIfFull({ name, fullAtMs }: ListedRecording, io: CommandIo): void {
  if (fullAtMs === null) return;
  io.stderr.write(
    `larder: ${name} has been full since ${dateText(fullAtMs)} UTC; what was pulled later may be missing\n`,
  );
}

function countOf({ images }: ListedRecording): string {
  return images === 1 ? "1 image" : `${images} images`;
}

function cellsOf(recording: ListedRecording): readonly string[] {
  const { name, stoppedAtMs, images, startedAtMs, from } = recording;
  const status = stoppedAtMs === null ? "runs" : "has ended";
  return [name, status, String(images), dateText(startedAtMs), dateText(stoppedAtMs), from.join(" ") || "everywhere"];
}

function cellsOfRow({ image, digest, kind, platform, sizeBytes, atMs, who, from }: RecordedRow): readonly string[] {
  const what = platform ?? (kind === "image" || kind === "index" ? "-" : kind);
  const by = [who, from].filter((one) => one !== null).join(" at ");
  return [image.split("@")[0] ?? image, digest, what, formatBytes(sizeBytes), dateText(atMs), by || "-"];
}

function jsonOf({ startedAtMs, stoppedAtMs, fullAtMs, ...recording }: ListedRecording) {
  return {
    ...recording,
    startedAt: timeOf(startedAtMs),
    stoppedAt: timeOf(stoppedAtMs),
    fullAt: timeOf(fullAtMs),
  };
}

function jsonOfRow({ atMs, ...row }: RecordedRow) {
  return { ...row, at: timeOf(atMs) };
}
