import { createHash } from "node:crypto";
import * as v from "valibot";
import type { Work } from "../../lib/async/turns.ts";
import { CompressionError } from "../../lib/compression/compression-error.ts";
import { decompress } from "../../lib/compression/decompress.ts";
import type { RangeReader } from "../../lib/files/range-reader.ts";
import { TarError } from "../../lib/tar/tar-error.ts";
import { readTar } from "../../lib/tar/read-tar.ts";
import type { TarEntryType } from "../../lib/tar/tar-entry.ts";
import { JsonTooComplex, jsonSteps } from "../../lib/text/json-steps.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { LayerIndex } from "./layer-index.ts";
import { type LayerEntry, LayerTree } from "./layer-tree.ts";

/** Of larger tables the archive itself is read. */
const PACKED_LIMIT_BYTES = 8 << 20;
const TABLE_LIMIT_BYTES = 24 << 20;

/**
 * The last bytes of an eStargz layer, an empty gzip member: its extra field ("SG") has where the table's member begins.
 * Source: stargz-snapshotter, docs/estargz.md, "Footer".
 */
const FOOTER_BYTES = 51;
const FOOTER = /SG..([0-9a-f]{16})STARGZ/s;

const ESTARGZ_DIGEST = "containerd.io/snapshot/stargz/toc.digest";
/** Source: containers/storage, docs/containers-storage-zstd-chunked.md. */
const CHUNKED_POSITION = "io.github.containers.zstd-chunked.manifest-position";
const CHUNKED_DIGEST = "io.github.containers.zstd-chunked.manifest-checksum";

const row = v.looseObject({
  name: v.string(),
  type: v.string(),
  size: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  mode: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0)), 0),
  uid: v.optional(v.number(), 0),
  gid: v.optional(v.number(), 0),
  modtime: v.optional(v.string()),
  linkName: v.optional(v.string()),
});
const table = v.looseObject({ entries: v.array(v.unknown()) });

const TYPES: Readonly<Record<string, TarEntryType>> = {
  reg: "file",
  dir: "directory",
  symlink: "symlink",
  hardlink: "hardlink",
  char: "character-device",
  block: "block-device",
  fifo: "fifo",
};

/**
 * What a layer holds, by the table of contents that eStargz and zstd:chunked bring, which spares unpacking it. Null for a
 * layer that has none, or whose table is not the one that its manifest names: the archive itself tells then.
 */
export async function readTableOfContents(
  layer: Descriptor,
  blobs: Pick<BlobStore, "open">,
  work: Work,
): Promise<LayerIndex | null> {
  const annotations = layer.annotations ?? {};
  if (annotations[ESTARGZ_DIGEST] === undefined && annotations[CHUNKED_DIGEST] === undefined) return null;
  const reader = await blobs.open(layer.digest);
  if (reader === null) return null;
  try {
    const bytes = annotations[CHUNKED_DIGEST] === undefined ? estargz(layer, reader) : chunked(layer, reader);
    const text = await bytes;
    return text === null ? null : await indexOf(text, work);
  } catch (error) {
    const isOfTable = [SyntaxError, JsonTooComplex, CompressionError, TarError, v.ValiError].some(
      (kind) => error instanceof kind,
    );
    if (isOfTable) return null;
    throw error;
  } finally {
    await reader.close();
  }
}

async function estargz({ size, annotations }: Descriptor, reader: RangeReader): Promise<Uint8Array | null> {
  const footer = await reader.read(Math.max(0, size - FOOTER_BYTES), FOOTER_BYTES);
  const offset = Number.parseInt(FOOTER.exec(Buffer.from(footer).toString("latin1"))?.[1] ?? "", 16);
  const length = size - FOOTER_BYTES - offset;
  if (!(length > 0 && length <= PACKED_LIMIT_BYTES)) return null;
  const packed = await reader.read(offset, length);
  for await (const { entry, body } of readTar(decompress(once(packed), { maxBytes: TABLE_LIMIT_BYTES }))) {
    if (entry.path !== "stargz.index.json" || body === null) return null;
    const text = await gather(body);
    return isDigestOf(text, annotations?.[ESTARGZ_DIGEST]) ? text : null;
  }
  return null;
}

async function chunked({ size, annotations }: Descriptor, reader: RangeReader): Promise<Uint8Array | null> {
  const [offset = -1, length = 0, , kind] = (annotations?.[CHUNKED_POSITION] ?? "").split(":").map(Number);
  const isInside = offset >= 0 && length > 0 && offset + length <= size;
  if (!isInside || length > PACKED_LIMIT_BYTES || kind !== 1) return null;
  const packed = await reader.read(offset, length);
  if (!isDigestOf(packed, annotations?.[CHUNKED_DIGEST])) return null;
  return gather(decompress(once(packed), { maxBytes: TABLE_LIMIT_BYTES }));
}

async function indexOf(text: Uint8Array, work: Work): Promise<LayerIndex> {
  const { entries } = v.parse(table, await work.finish(jsonSteps(new TextDecoder().decode(text))));
  const tree = new LayerTree();
  let [entryCount, fileBytes] = [0, 0];
  for (const entry of entries) {
    const one = v.parse(row, entry);
    const { name, type } = one;
    if (work.isTurnOver) await work.rest();
    const known = TYPES[type];
    // Later pieces of a file are rows, too.
    if (known === undefined) continue;
    if (tree.isFull) break;
    entryCount++;
    fileBytes += known === "file" ? one.size : 0;
    if (!tree.addWhiteout(name, null)) tree.add(name, describe(known, one));
  }
  const isWhole = !tree.isFull;
  const reading = isWhole
    ? { end: "whole" as const, why: null }
    : {
        end: "entries" as const,
        why: `it has more than ${entryCount.toLocaleString("en")} entries; the rest was not read`,
      };
  return { tree, reading: { ...reading, by: "table", entryCount, fileBytes, unpackedBytes: text.byteLength } };
}

function describe(
  type: TarEntryType,
  { size, mode, uid, gid, modtime, linkName }: v.InferOutput<typeof row>,
): LayerEntry {
  const modifiedAtMs = modtime === undefined ? Number.NaN : Date.parse(modtime);
  return {
    type,
    sizeBytes: type === "file" ? size : 0,
    mode: mode & 0o7777,
    uid,
    gid,
    modifiedAtMs: Number.isNaN(modifiedAtMs) ? null : modifiedAtMs,
    linkTarget: linkName || null,
    at: null,
  };
}

function isDigestOf(bytes: Uint8Array, digest: string | undefined): boolean {
  return digest === `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}
