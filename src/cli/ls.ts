import { Command } from "commander";
import type { ListedImage } from "../api/admin.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { CommandIo } from "./command-io.ts";
import { failingPlainly } from "./failing-plainly.ts";
import { formatBytes } from "./progress.ts";
import { addConnectionOptions, connect, type RegistryConnection } from "./registry-connection.ts";
import { formatTable } from "./table.ts";

type Flags = { readonly registry?: string; readonly json?: true };
/** What another registry does not tell is null. */
type Row = Omit<ListedImage, "kind" | "updatedAtMs" | "sizeBytes"> & {
  readonly kind: ListedImage["kind"] | null;
  readonly updatedAtMs: number | null;
  readonly sizeBytes: number | null;
};

/** Tags of another registry that are looked at at once. */
const PARALLEL = 8;

/** `larder ls`: what the registry holds. */
export function lsCommand(io: CommandIo): Command {
  const command = new Command("ls")
    .summary("list images: names and tags, size, when they came")
    .description("List the images that the registry holds, by their full names.")
    .argument("[prefix]", "only those whose names begin so: docker.io/library/")
    .option("--json", "as JSON");
  return addConnectionOptions(command).action((prefix: string | undefined, flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const connection = await connect(flags, io);
      const all =
        connection.larder === null ? await listForeign(connection, io) : (await connection.larder.images()).images;
      const rows = all.filter(({ name }) => name.startsWith(prefix ?? ""));
      if (flags.json === true) return io.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      if (rows.length === 0) return io.stderr.write(`larder: ${connection.host} holds no such images yet\n`);
      io.stdout.write(formatTable(["IMAGE", "SIZE", "CAME", "KIND", "PLATFORMS"], rows.map(cells)));
    }),
  );
}

function cells({ name, sizeBytes, updatedAtMs, kind, platforms }: Row): readonly string[] {
  const came = updatedAtMs === null ? "-" : new Date(updatedAtMs).toISOString().slice(0, 16).replace("T", " ");
  const size = sizeBytes === null ? "-" : formatBytes(sizeBytes);
  return [name, size, came, kind ?? "-", platforms.join(", ") || "-"];
}

async function listForeign(
  { client, host }: RegistryConnection,
  { signal, stderr }: CommandIo,
): Promise<readonly Row[]> {
  const repositories = await client.listRepositories({ signal });
  if (repositories === null) stderr.write(`larder: ${host} gives no list of its repositories\n`);
  const rows: Row[] = [];
  for (const path of repositories ?? []) {
    const tags = [...((await client.listTags(path, { signal })) ?? [])];
    for (let batch = tags.splice(0, PARALLEL); batch.length > 0; batch = tags.splice(0, PARALLEL)) {
      const described = await Promise.all(batch.map((tag) => describeForeign(client, path, tag, signal)));
      rows.push(...described.filter((row) => row !== null));
    }
  }
  return rows;
}

async function describeForeign(
  client: RegistryConnection["client"],
  path: RepositoryPath,
  tag: Tag,
  signal: AbortSignal,
): Promise<Row | null> {
  const fetched = await client.getManifest(path, tag, { signal });
  if (fetched === null) return null;
  const manifest = parseManifest(fetched.bytes, fetched.mediaType);
  const { config, layers, manifests } = manifest;
  const isIndex = isIndexType(manifest.mediaType);
  const named = manifests.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [platform],
  );
  return {
    name: `${path}:${tag}`,
    digest: fetched.digest,
    kind: null,
    sizeBytes: isIndex
      ? null
      : [...layers, ...(config === null ? [] : [config])].reduce(
          (sum, { size }) => sum + size,
          fetched.bytes.byteLength,
        ),
    platforms: [...new Set(named.map(formatPlatform))],
    updatedAtMs: null,
  };
}
