/**
 * The files of a chart, from a folder or from the `.tgz` that `helm package` makes.
 *
 * Bounded: files, bytes of a file, bytes in all, also after decompression. What a chart holds beyond them is named.
 */
import { join, posix } from "node:path";
import { gunzipSync } from "node:zlib";
import { fileAt, listFolder, tryStat } from "../files/reading.ts";
import { type IgnoreTest, parseHelmIgnore } from "./helm-ignore.ts";

/** A chart's files by their path inside it (`templates/deployment.yaml`). Text that is not UTF-8 reads with replacement characters. */
export type ChartFiles = ReadonlyMap<string, string>;

const FILE_COUNT_LIMIT = 5_000;
const FILE_BYTES_LIMIT = 8 * 1024 * 1024;
const TOTAL_BYTES_LIMIT = 64 * 1024 * 1024;
const DEPTH_LIMIT = 16;

/**
 * Reads a chart's folder, without what its `.helmignore` leaves out. Nested `.tgz` subcharts are read in place. Throws
 * when it is too large or not readable.
 */
export async function readChartFolder(folder: string): Promise<ChartFiles> {
  const rules = fileAt(join(folder, ".helmignore"));
  const reader = new ChartReader(parseHelmIgnore((await rules.exists()) ? await rules.text() : ""));
  await reader.folder(folder, "", 0);
  return reader.files;
}

/** Reads a packaged chart; its one top folder is taken off. Throws when it is no archive or too large. */
export async function readChartArchive(bytes: Uint8Array): Promise<ChartFiles> {
  const reader = new ChartReader(() => false);
  await reader.archive(bytes, "", 0);
  return reader.files;
}

class ChartReader {
  readonly files = new Map<string, string>();
  readonly #ignores: IgnoreTest;
  #bytes = 0;

  constructor(ignores: IgnoreTest) {
    this.#ignores = ignores;
  }

  async folder(root: string, path: string, depth: number): Promise<void> {
    if (depth > DEPTH_LIMIT) return;
    for (const entry of await listFolder(join(root, path))) {
      const inner = posix.join(path, entry.name);
      if (entry.name === ".git" || entry.name === "node_modules") continue;
      const details = entry.isSymbolicLink() ? await tryStat(join(root, inner)) : entry;
      if (details === null || this.#ignores(inner, details.isDirectory())) continue;
      // A link to a folder may lead in a circle; the depth ends that.
      if (details.isDirectory()) await this.folder(root, inner, depth + 1);
      else if (details.isFile()) await this.#file(root, inner, depth);
    }
  }

  async archive(bytes: Uint8Array, prefix: string, depth: number): Promise<void> {
    if (depth > DEPTH_LIMIT) return;
    const tar = gunzipSync(bytes, { maxOutputLength: TOTAL_BYTES_LIMIT });
    const entries = await new Bun.Archive(tar).files();
    for (const [name, file] of entries) {
      const path = posix.join(prefix, name.replace(/^(?:\.\/)?[^/]+\//, ""));
      if (name.split("/").includes("..") || !this.#admits(file.size)) continue;
      await this.#keep(path, await file.bytes(), depth);
    }
  }

  async #file(root: string, path: string, depth: number): Promise<void> {
    const file = fileAt(join(root, path));
    if (this.#admits(file.size)) await this.#keep(path, await file.bytes(), depth);
  }

  async #keep(path: string, bytes: Uint8Array, depth: number): Promise<void> {
    const subchart = /^(.*charts)\/([^/]+)\.tgz$/.exec(path);
    if (subchart !== null) return this.archive(bytes, `${subchart[1]}/${subchart[2]}.tgz`, depth + 1);
    // The decoder takes a byte order mark off, as Helm does.
    this.files.set(path, new TextDecoder().decode(bytes));
  }

  /** A single large file is left out as Helm does; too much in all is an error. */
  #admits(size: number): boolean {
    if (size > FILE_BYTES_LIMIT) return false;
    this.#bytes += size;
    if (this.files.size >= FILE_COUNT_LIMIT || this.#bytes > TOTAL_BYTES_LIMIT) {
      throw new Error(`the chart holds more than ${FILE_COUNT_LIMIT} files or ${TOTAL_BYTES_LIMIT >> 20} MiB`);
    }
    return true;
  }
}
