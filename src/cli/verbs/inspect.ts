import { Command } from "commander";
import { LOCAL } from "../../oci/repository-name.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { parseImageName, parseImageNames } from "../../registry/names/image-name.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import type { ImageDetails } from "../../remote/image-registry.ts";
import { shortenDigest } from "../../lib/text/fit-text.ts";
import { registrySideOf } from "../copy-flags.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { insistOnOne } from "../insist-on-one.ts";
import { inspectedImage } from "../json/image-results.ts";
import { timeOf } from "../json/json-values.ts";
import { writeJson } from "../json/write-json.ts";
import { explaining, readSource, type SourceReading } from "../read-location.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";
import { standardStreams } from "../standard-streams.ts";
import { type Column, formatTable } from "../table.ts";
import { attestationsIn, whatItIs } from "../what-it-is.ts";

type Flags = { readonly registry?: string; readonly json?: true; readonly raw?: true };

/** `larder inspect IMAGE`: digest, platforms, layers, config. */
export function inspectCommand(io: CommandIo): Command {
  const command = new Command("inspect")
    .description(
      "Show an image that the registry holds: digest, platforms, layers, config. Upstream is not asked.\n" +
        "A file, a folder, or docker-archive:FILE, oci:DIR, docker-daemon:NAME and so on show what is in there, and\n" +
        "docker://NAME what another registry has.",
    )
    .argument("<image>", "nginx:1.27, quay.io/coreos/etcd@sha256:…, local/myapp:1, ./app.tar, oci:DIR[:TAG]")
    .option("--raw", "the manifest, byte for byte")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((image: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      if (flags.raw === true && flags.json === true) throw new CommandFailure(2, "give --raw or --json, not both");
      const reading = await readSource(image, "registry");
      const isHeld = reading.location.kind === "registry" && !image.startsWith("docker://");
      const details = isHeld ? await inspectHeld(image, flags, io) : await inspectLocation(reading, flags, io);
      const { manifestBase64, ...shown } = details;
      if (flags.raw === true) return standardStreams.standardOutput([Buffer.from(manifestBase64, "base64")]);
      if (flags.json !== true) return io.stdout.write(formatDetails(details, io.stdout.columns ?? null));
      const { name, updatedAtMs, pulledAtMs, ...rest } = shown;
      writeJson(io.stdout, inspectedImage, {
        image: name,
        ...rest,
        updatedAt: timeOf(updatedAtMs),
        pulledAt: timeOf(pulledAtMs),
      });
    }),
  );
}

/** What the registry holds under a name. */
async function inspectHeld(image: string, flags: Flags, io: CommandIo): Promise<ImageDetails> {
  readArgument(() => parseImageName(image));
  const registry = await connect(flags, io);
  const references = parseImageNames(image, registry.unqualified);
  for (const reference of references) {
    const details = await registry.inspect(reference);
    if (details !== null) return details;
  }
  const meant = references.at(-1) as Reference;
  const name = formatReference(meant);
  // Nobody else has what belongs to larder itself.
  const advice = meant.namespace === LOCAL ? "push it with `larder upload`" : `\`larder cache ${name}\` brings it`;
  throw new CommandFailure(1, `${name} is not at ${registry.host}; ${advice}`);
}

/** The image in a file, a folder, an engine, or another registry. */
async function inspectLocation(reading: SourceReading, flags: Flags, io: CommandIo): Promise<ImageDetails> {
  const { openSource } = await import("../open-location.ts");
  const { inspectSource } = await import("../../remote/inspect-source.ts");
  const context = { environment: io.environment, signal: io.signal, ...standardStreams };
  const source = await explaining(reading, () => openSource(reading.location, registrySideOf(flags, ""), context));
  try {
    const images = await explaining(reading, () => source.images());
    return await inspectSource(source, insistOnOne(images, source.location), io.signal);
  } finally {
    await source.close();
  }
}

function formatDetails(details: ImageDetails, columns: number | null): string {
  const { kind, updatedAtMs, pulledAtMs, sizeBytes } = details;
  const facts: [string, string][] = [
    ["image", details.name],
    ["digest", details.digest],
    ["type", details.mediaType],
  ];
  const what = whatItIs(details);
  if (what !== null) facts.push(["holds", what]);
  if (details.subject !== null) facts.push(["refers to", details.subject]);
  if (sizeBytes !== null) facts.push(["size here", formatBytes(sizeBytes)]);
  if (kind !== null && updatedAtMs !== null) facts.push([kind, new Date(updatedAtMs).toISOString()]);
  if (pulledAtMs !== null) facts.push(["last pulled", new Date(pulledAtMs).toISOString()]);
  facts.push(...configFacts(details.config));
  const head = formatFacts(facts, columns);
  const attestations = attestationsIn(details);
  const platforms = details.platforms.map(({ platform, digest, isHere }) => [
    platform ?? (attestations.has(digest) ? "attestation" : "-"),
    digest,
    isHere === false ? "not here" : "",
  ]);
  const layers = details.layers.map(({ sizeBytes, digest, mediaType }) => [formatBytes(sizeBytes), digest, mediaType]);
  const tables = [
    platforms.length === 0 ? "" : `\n${formatTable(PLATFORM_COLUMNS, platforms, columns)}`,
    layers.length === 0 ? "" : `\n${formatTable(LAYER_COLUMNS, layers, columns)}`,
  ];
  return head + tables.join("");
}

const PLATFORM_COLUMNS: readonly Column[] = [
  { title: "PLATFORM", kind: "fact" },
  { title: "DIGEST", kind: "digest" },
  { title: "", kind: "fact" },
];
const LAYER_COLUMNS: readonly Column[] = [
  { title: "LAYER", kind: "fact" },
  { title: "DIGEST", kind: "digest" },
  { title: "TYPE", kind: "name" },
];

/** A line for each, its value below where there is no room beside its name: a digest is here to be copied whole. */
function formatFacts(facts: readonly (readonly [string, string])[], columns: number | null): string {
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  return facts
    .map(([name, value]) => {
      if (columns === null || width + value.length <= columns) return `${name.padEnd(width)}${value}\n`;
      return `${name}\n  ${/^sha\d+:/.test(value) ? shortenDigest(value, columns - 2) : value}\n`;
    })
    .join("");
}

/** What people look for in a config. */
function configFacts(config: unknown): [string, string][] {
  if (config === null || typeof config !== "object") return [];
  const { os, architecture, variant, created, config: run } = config as Record<string, unknown>;
  const { Entrypoint, Cmd, User } = (run ?? {}) as Record<string, unknown>;
  const command = [Entrypoint, Cmd].flatMap((part) => (Array.isArray(part) ? part.map(String) : []));
  const facts: [string, string][] = [];
  if (typeof os === "string" && os !== "unknown")
    facts.push(["platform", [os, architecture, variant].filter(Boolean).join("/")]);
  if (typeof created === "string") facts.push(["created", created]);
  if (command.length > 0)
    facts.push(["runs", command.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : JSON.stringify(word))).join(" ")]);
  if (typeof User === "string" && User !== "") facts.push(["user", User]);
  return facts;
}
