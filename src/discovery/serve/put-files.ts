import { mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, isDiskFull } from "../../lib/files/system-error.ts";
import { readTar } from "../../lib/tar/read-tar.ts";
import type { TarEntry, TarMember } from "../../lib/tar/tar-entry.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { TarError } from "../../lib/tar/tar-error.ts";
import { quoteBriefly } from "../../oci/digest.ts";

/** How much there may be. */
export type FilesLimits = { readonly files: number; readonly bytes: number };

/** What was put there. */
export type PutFiles = {
  /** What is to be looked at, in its order: the names that stand first in paths, or `.` where the archive is of a folder's content. */
  readonly paths: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** Members that are no files, such as links: they are passed over. */
  readonly passedOver: readonly string[];
};

/** Why the files cannot be taken; the message tells. */
export class FilesRefused extends Error {
  override readonly name = "FilesRefused";
  readonly code: "BAD_REQUEST" | "PAYLOAD_TOO_LARGE" | "STORAGE_FULL";

  constructor(code: FilesRefused["code"], message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** What is said beside the files: no path to look at. */
const ASIDE = ".larder";
const NAME_BYTES = 255;
const PATH_BYTES = 1024;
const DEPTH = 64;
/** Members of other kinds that are told of by name. */
const NAMED = 20;

/**
 * Puts the files of a tar below a folder that is empty. No path leads out of it: links are not made, and a path with `..`, a
 * slash in front or a zero byte refuses the whole. Throws FilesRefused.
 */
export async function putFiles(
  source: AsyncIterable<Uint8Array>,
  folder: string,
  limits: FilesLimits,
): Promise<PutFiles> {
  const putter = new Putter(folder, limits);
  try {
    for await (const member of readTar(source)) await putter.put(member);
  } catch (cause) {
    throw refusalOf(cause);
  }
  return putter.done();
}

class Putter {
  readonly #folder: string;
  readonly #limits: FilesLimits;
  readonly #tops = new Set<string>();
  readonly #made = new Set<string>();
  readonly #passedOver: string[] = [];
  #isWholeFolder = false;
  #members = 0;
  #files = 0;
  #bytes = 0;

  constructor(folder: string, limits: FilesLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  async put({ entry, body }: TarMember): Promise<void> {
    const { files, bytes } = this.#limits;
    const segments = segmentsOf(entry);
    // Folders cost as much as files do.
    if (++this.#members > 2 * files || this.#files >= files) throw tooMuch(`more than ${files} files`);
    if (segments.length === 0) {
      // As `tar c .` begins.
      if (entry.type === "directory") this.#isWholeFolder = true;
      return;
    }
    if (entry.type !== "file" && entry.type !== "directory") {
      if (this.#passedOver.length < NAMED) this.#passedOver.push(segments.join("/"));
      return;
    }
    const [top = ""] = segments;
    if (top !== ASIDE) this.#tops.add(top);
    if (entry.type === "directory") return this.#folderOf(join(this.#folder, ...segments));
    this.#files++;
    this.#bytes += entry.size;
    if (this.#bytes > bytes) throw tooMuch(`more than ${formatBytes(bytes)} in them`);
    const path = join(this.#folder, ...segments);
    await this.#folderOf(dirname(path));
    const file = await open(path, "w", 0o600);
    try {
      for await (const chunk of body ?? []) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
  }

  done(): PutFiles {
    const paths = this.#isWholeFolder ? ["."] : [...this.#tops];
    return { paths, files: this.#files, bytes: this.#bytes, passedOver: this.#passedOver };
  }

  async #folderOf(path: string): Promise<void> {
    if (this.#made.has(path)) return;
    await mkdir(path, { recursive: true, mode: 0o700 });
    this.#made.add(path);
  }
}

/** The names on the way to a member. Throws FilesRefused for a path that is none, or leads elsewhere. */
function segmentsOf({ path }: TarEntry): readonly string[] {
  const refuse = (why: string) => new FilesRefused("BAD_REQUEST", `the path ${quoteBriefly(path)} ${why}`);
  if (path.includes("\0")) throw refuse("has a zero byte in it");
  if (path.startsWith("/")) throw refuse("is absolute: give paths below the folder");
  if (!path.isWellFormed()) throw refuse("is not UTF-8");
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refuse("leads out of its folder");
  if (Buffer.byteLength(path) > PATH_BYTES || segments.length > DEPTH) throw refuse("is too long");
  if (segments.some((segment) => Buffer.byteLength(segment) > NAME_BYTES)) throw refuse("has a name that is too long");
  return segments;
}

function tooMuch(what: string): FilesRefused {
  const advice = "give a part of them, or use `larder images PATH` on the machine where they are";
  return new FilesRefused("PAYLOAD_TOO_LARGE", `there are ${what}: ${advice}`);
}

function refusalOf(cause: unknown): unknown {
  if (cause instanceof TarError) {
    return new FilesRefused("BAD_REQUEST", `the request's body is no tar: ${cause.message}`, { cause });
  }
  if (isDiskFull(cause)) return new FilesRefused("STORAGE_FULL", "the disk is full", { cause });
  if (["EISDIR", "ENOTDIR", "EEXIST"].includes(codeOf(cause))) {
    return new FilesRefused("BAD_REQUEST", "a path is that of a file and of a folder", { cause });
  }
  return cause;
}
