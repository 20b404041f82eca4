import { Command, Option } from "commander";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { listedImages, untaggedImages } from "../json/image-results.ts";
import { timeOf } from "../json/json-values.ts";
import { writeJson } from "../json/write-json.ts";
import type { ImageOrder, ImageRow } from "../../remote/image-registry.ts";
import { listUntagged, UNTAGGED_COLUMNS, untaggedCells, untaggedResult } from "../list-untagged.ts";
import { addConnectionOptions, connect, connectLarder } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly untagged?: true; readonly json?: true; readonly sort: ImageOrder };

/** `larder ls`: what the registry holds. */
export function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .description(
      "List the images that the registry holds, by their full names, with the size of what is there of each.",
    )
    .argument("[text]", "only those whose names hold this: nginx, quay.io/, :1.31")
    .addOption(new Option("--sort <order>", "by name, or by a time, the latest first").choices(ORDERS).default("name"))
    .option("--untagged", "instead those that have no tag: left behind by one, or pushed by their digest alone")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((text: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      if (flags.untagged === true) return showUntagged(text ?? "", flags, io);
      const registry = await connect(flags, io);
      const rows = await registry.list(text ?? "", flags.sort);
      if (rows === null) throw new CommandFailure(1, `${registry.host} gives no list of its repositories`);
      if (flags.json === true) return writeJson(io.stdout, listedImages, rows.map(jsonOf));
      if (rows.length === 0) {
        const which = text === undefined ? "no images yet" : `no image with ${JSON.stringify(text)} in its name`;
        return io.stderr.write(`larder: ${registry.host} holds ${which}\n`);
      }
      io.stdout.write(formatTable(COLUMNS, rows.map(cells), io.stdout.columns ?? null));
    }),
  );
}

async function showUntagged(text: string, flags: Flags, io: CommandIo): Promise<void> {
  const rows = await listUntagged(await connectLarder(flags, "ls --untagged", io), text);
  if (flags.json === true) return writeJson(io.stdout, untaggedImages, rows.map(untaggedResult));
  if (rows.length === 0) return io.stderr.write("larder: there is no manifest without a tag\n");
  io.stdout.write(formatTable(UNTAGGED_COLUMNS, rows.map(untaggedCells), io.stdout.columns ?? null));
}

const ORDERS = ["name", "updated", "pulled"] as const satisfies readonly ImageOrder[];

const COLUMNS: readonly Column[] = [
  { title: "IMAGE", kind: "name" },
  { title: "SIZE", kind: "fact" },
  { title: "CAME (UTC)", kind: "fact" },
  { title: "PULLED", kind: "fact" },
  { title: "KIND", kind: "fact" },
  { title: "PLATFORMS", kind: "prose" },
];

function jsonOf({ name, updatedAtMs, pulledAtMs, ...rest }: ImageRow) {
  return { image: name, ...rest, updatedAt: timeOf(updatedAtMs), pulledAt: timeOf(pulledAtMs ?? null) };
}

function cells({ name, sizeBytes, updatedAtMs, pulledAtMs, kind, platforms }: ImageRow): readonly string[] {
  const [came, pulled] = [minuteOf(updatedAtMs), minuteOf(pulledAtMs ?? null)];
  const size = sizeBytes === null ? "-" : formatBytes(sizeBytes);
  return [name, size, came, pulled, kind ?? "-", platforms.join(", ") || "-"];
}

function minuteOf(atMs: number | null): string {
  return atMs === null ? "-" : new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
}
