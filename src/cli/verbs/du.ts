import { Command } from "commander";
import type { AdminClient } from "../../admin/admin-client.ts";
import type { AnswerOf } from "../../admin/contract.ts";
import type { Space } from "../../admin/space-schemas.ts";
import { tryParseByteSize } from "../../lib/text/byte-size.ts";
import { DOCKER_HUB } from "../../oci/repository-name.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { timeOf } from "../json/json-values.ts";
import { imageSpaceResult, nextEvictionsResult, spaceResult } from "../json/space-results.ts";
import { writeJson } from "../json/write-json.ts";
import { pinsNamed } from "../pin-name.ts";
import { addConnectionOptions, connect, connectLarder } from "../registry-connection.ts";
import { type Column, formatTable } from "../table.ts";

type Flags = { readonly registry?: string; readonly next?: string | true; readonly json?: true };
type Images = AnswerOf<"listImageSpace">["images"];

/** `larder du [IMAGE|PATTERN]`: what takes the space, and what would go next. */
export function duCommand(io: CommandIo): Command {
  const command = new Command("du")
    .description(
      "Tell what takes the space: as a whole, or image by image of what is named. SIZE is all that is there of an image, OWN\n" +
        "what its going would give back, since nothing else holds it. With --next: which cached images would be evicted for\n" +
        "want of space, in order.",
    )
    .argument("[image]", "nginx, 'quay.io/coreos/*', 'docker.io/**:1.*'")
    .option("--next [size]", "what would go to give back so much: 10GB; without a size, the next ones")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((image: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      if (image !== undefined && flags.next !== undefined) {
        throw new CommandFailure(2, "--next tells of all images: write it without a name");
      }
      if (image !== undefined) readArgument(() => pinsNamed(image, [DOCKER_HUB]));
      const bytes = sizeOf(flags.next);
      const larder = await connectLarder(flags, "du", io);
      if (flags.next !== undefined) return tellNext(await larder.call("listNextEvictions", { bytes }), flags, io);
      if (image !== undefined) return tellImages(await imagesOf(image, larder, flags, io), image, flags, io);
      const space = await larder.call("getSpace", {});
      if (flags.json === true) writeJson(io.stdout, spaceResult, space);
      else io.stdout.write(formatSpace(space, io.stdout.columns ?? null));
    }),
  );
}

function sizeOf(text: string | true | undefined): number | undefined {
  if (text === undefined || text === true) return undefined;
  const bytes = tryParseByteSize(text);
  if (bytes === null) throw new CommandFailure(2, `--next ${text}: write a size such as 500MB or 10GB`);
  return bytes;
}

/** Of the names that it may mean, those of the first one that is there. */
async function imagesOf(text: string, larder: AdminClient, flags: Flags, io: CommandIo): Promise<Images> {
  const { unqualified } = await connect(flags, io);
  for (const pattern of pinsNamed(text, unqualified)) {
    const images: Images[number][] = [];
    for (let after: string | undefined; ; ) {
      const page = await larder.call("listImageSpace", {
        pattern: pattern.split("@")[0] ?? pattern,
        limit: 1000,
        after,
      });
      images.push(...page.images.filter(({ digest }) => !pattern.includes("@") || pattern.endsWith(`@${digest}`)));
      if (page.next === null) break;
      after = page.next;
    }
    if (images.length > 0) return images;
  }
  return [];
}

const IMAGE_COLUMNS: readonly Column[] = [
  { title: "IMAGE", kind: "name" },
  { title: "SIZE", kind: "fact" },
  { title: "OWN", kind: "fact" },
  { title: "USED (UTC)", kind: "fact" },
  { title: "KIND", kind: "fact" },
  { title: "KEPT BY", kind: "prose" },
];

function tellImages(images: Images, text: string, flags: Flags, io: CommandIo): void {
  if (flags.json === true) return writeJson(io.stdout, imageSpaceResult, images.map(jsonOf));
  if (images.length === 0) return io.stderr.write(`larder: nothing here is named ${JSON.stringify(text)}\n`);
  const rows = images
    .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
    .map((image) => [...cellsOf(image), image.kind, image.heldBy ?? (image.kind === "pushed" ? "being pushed" : "-")]);
  io.stdout.write(formatTable(IMAGE_COLUMNS, rows, io.stdout.columns ?? null));
}

const NEXT_COLUMNS: readonly Column[] = [
  { title: "IMAGE", kind: "name" },
  { title: "SIZE", kind: "fact" },
  { title: "GIVES BACK", kind: "fact" },
  { title: "USED (UTC)", kind: "fact" },
  { title: "WHY", kind: "prose" },
];

function tellNext({ images }: AnswerOf<"listNextEvictions">, flags: Flags, io: CommandIo): void {
  if (flags.json === true) return writeJson(io.stdout, nextEvictionsResult, images.map(jsonOf));
  if (images.length === 0) return io.stderr.write("larder: there is nothing that may be evicted\n");
  const why = (pulledAtMs: number | null) =>
    pulledAtMs === null ? "never pulled since it came" : "pulled longest ago";
  const rows = images.map((image) => [...cellsOf(image), why(image.pulledAtMs)]);
  io.stdout.write(formatTable(NEXT_COLUMNS, rows, io.stdout.columns ?? null));
}

function cellsOf({ name, sizeBytes, ownBytes, usedAtMs }: Omit<Images[number], "heldBy">): readonly string[] {
  const used = new Date(usedAtMs).toISOString().slice(0, 16).replace("T", " ");
  return [name, formatBytes(sizeBytes), formatBytes(ownBytes), used];
}

function jsonOf<T extends Omit<Images[number], "heldBy">>({ name, usedAtMs, pulledAtMs, ...rest }: T) {
  return { image: name, ...rest, usedAt: timeOf(usedAtMs), pulledAt: timeOf(pulledAtMs) };
}

const PLACE_COLUMNS = (title: string): readonly Column[] => [
  { title, kind: "name" },
  { title: "BYTES", kind: "fact" },
];

function formatSpace(space: Space, columns: number | null): string {
  const { blobs, others } = space;
  const facts: readonly (readonly [string, number | null])[] = [
    ["pushed images", blobs.pushedBytes],
    ["cached images", blobs.cachedBytes],
    ["blobs of no image", blobs.unheldBytes],
    ["uploads", others.uploadBytes],
    ["set aside", others.asideBytes],
    ["damaged", others.damagedBytes],
    ["database", others.databaseBytes],
    ["snapshots", others.snapshotBytes],
    ["ACIs", others.aciBytes],
    ["larder, in all", space.usedBytes],
    ["limit (maxSize)", space.maxBytes],
    ["free on the disk", space.freeBytes],
    ["kept free (keepFree)", space.keepFreeBytes],
    ["the disk", space.diskBytes],
  ];
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const lines = facts.map(([name, bytes]) => `${name.padEnd(width)}${bytes === null ? "none" : formatBytes(bytes)}\n`);
  const table = (title: string, places: Space["namespaces"]) =>
    places.length === 0
      ? ""
      : `\n${formatTable(
          PLACE_COLUMNS(title),
          places.slice(0, SHOWN).map(({ name, bytes }) => [name, formatBytes(bytes)]),
          columns,
        )}`;
  const problem = space.problem === null ? "" : `\n${space.problem}\n`;
  return `${lines.join("")}${problem}${table("REGISTRY", space.namespaces)}${table("REPOSITORY", space.repositories)}`;
}

/** Places that are shown; JSON has more. */
const SHOWN = 10;
