import { Command } from "commander";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { formatPlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import { parseImageName } from "../registry/image-name.ts";
import type { FetchedManifest } from "../upstream/registry-client.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";
import { failingPlainly, readArgument } from "./failing-plainly.ts";
import { formatBytes } from "./progress.ts";
import { addConnectionOptions, connect, pathsOf, type RegistryConnection } from "./registry-connection.ts";
import { formatTable } from "./table.ts";

type Flags = { readonly registry?: string; readonly json?: true; readonly raw?: true };

/** A config larger than this is not read for its summary. */
const CONFIG_LIMIT_BYTES = 4 << 20;

/** `larder inspect IMAGE`: digest, platforms, layers, config. */
export function inspectCommand(io: CommandIo): Command {
  const command = new Command("inspect")
    .summary("show an image: digest, platforms, layers, config")
    .description("Show an image as the registry would serve it: digest, platforms, layers, config.")
    .argument("<image>", "nginx:1.27, quay.io/coreos/etcd@sha256:…, local/myapp:1")
    .option("--raw", "the manifest, byte for byte")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((image: string, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const reference = readArgument(() => parseImageName(image));
      const connection = await connect(flags, io);
      const { path, fetched } = await find(connection, reference, io.signal);
      if (flags.raw === true) return io.stdout.write(new TextDecoder().decode(fetched.bytes));
      const manifest = parseManifest(fetched.bytes, fetched.mediaType);
      const config = await readConfig(connection, path, manifest, io.signal);
      const summary = { image: formatReference(reference), ...describe(fetched, manifest), config };
      io.stdout.write(flags.json === true ? `${JSON.stringify(summary, null, 2)}\n` : formatSummary(summary));
    }),
  );
}

async function find(
  connection: RegistryConnection,
  reference: Reference,
  signal: AbortSignal,
): Promise<{ path: RepositoryPath; fetched: FetchedManifest }> {
  const wanted = reference.digest ?? reference.tag;
  for (const path of wanted === null ? [] : pathsOf(connection, reference)) {
    const fetched = await connection.client.getManifest(path, wanted as Digest, { signal });
    if (fetched !== null) return { path, fetched };
  }
  throw new CommandFailure(1, `${formatReference(reference)} is not at ${connection.host}; see what is: larder ls`);
}

type Summary = ReturnType<typeof describe> & { image: string; config: unknown };

function describe({ digest, bytes }: FetchedManifest, manifest: Manifest) {
  return {
    digest,
    mediaType: manifest.mediaType,
    artifactType: manifest.artifactType,
    sizeBytes: manifest.layers.reduce((sum, { size }) => sum + size, (manifest.config?.size ?? 0) + bytes.byteLength),
    platforms: manifest.manifests.map(({ digest, size, platform }) => ({
      platform: platform === undefined ? null : formatPlatform(platform),
      digest,
      sizeBytes: size,
    })),
    layers: manifest.layers.map(({ digest, size, mediaType }) => ({ digest, sizeBytes: size, mediaType })),
    subject: manifest.subject?.digest ?? null,
    annotations: manifest.annotations,
  };
}

/** The image's config, when it is JSON and here; null otherwise. */
async function readConfig(
  { client }: RegistryConnection,
  path: RepositoryPath,
  { config }: Manifest,
  signal: AbortSignal,
): Promise<unknown> {
  if (config === null || config.size > CONFIG_LIMIT_BYTES || !config.mediaType.endsWith("json")) return null;
  const blob = await client.getBlob(path, config.digest, { signal });
  if (blob === null) return null;
  try {
    return JSON.parse(await new Response(blob.body).text());
  } catch {
    return null; // An artifact's config may be anything; the summary goes without it.
  }
}

function formatSummary(summary: Summary): string {
  const facts: [string, string][] = [
    ["image", summary.image],
    ["digest", summary.digest],
    ["type", summary.mediaType],
  ];
  if (summary.subject !== null) facts.push(["refers to", summary.subject]);
  if (summary.layers.length > 0) facts.push(["size", formatBytes(summary.sizeBytes)]);
  facts.push(...configFacts(summary.config));
  const width = Math.max(...facts.map(([name]) => name.length)) + 2;
  const head = facts.map(([name, value]) => `${name.padEnd(width)}${value}\n`).join("");
  const platforms = summary.platforms.map(({ platform, digest }) => [platform ?? "-", digest]);
  const layers = summary.layers.map(({ sizeBytes, digest, mediaType }) => [formatBytes(sizeBytes), digest, mediaType]);
  const tables = [
    platforms.length === 0 ? "" : `\n${formatTable(["PLATFORM", "DIGEST"], platforms)}`,
    layers.length === 0 ? "" : `\n${formatTable(["LAYER", "DIGEST", "TYPE"], layers)}`,
  ];
  return head + tables.join("");
}

/** What people look for in a config. */
function configFacts(config: unknown): [string, string][] {
  if (config === null || typeof config !== "object") return [];
  const { os, architecture, variant, created, config: run } = config as Record<string, unknown>;
  const { Entrypoint, Cmd, User } = (run ?? {}) as Record<string, unknown>;
  const command = [Entrypoint, Cmd].flatMap((part) => (Array.isArray(part) ? part.map(String) : []));
  const facts: [string, string][] = [];
  if (typeof os === "string") facts.push(["platform", [os, architecture, variant].filter(Boolean).join("/")]);
  if (typeof created === "string") facts.push(["created", created]);
  if (command.length > 0)
    facts.push(["runs", command.map((word) => (/^[\w./:=@-]+$/.test(word) ? word : JSON.stringify(word))).join(" ")]);
  if (typeof User === "string" && User !== "") facts.push(["user", User]);
  return facts;
}
