import { lstat, mkdir, readdir, realpath, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { nullIfAbsent } from "../../lib/files/system-error.ts";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { writeFile } from "./write-file.ts";

/** What a process that was killed left of its work is taken away after so long. */
const LEFTOVER_MS = 24 * 3_600_000;
const PREFIX = ".larder-";

/**
 * Files that come to a folder all at once, or not at all. Until then they are in a folder of their own within it:
 *
 *     FOLDER/.larder-<uuid>/…     what was written so far; FOLDER itself is made when the first file comes
 *
 * `location` is the folder's, for messages. Nothing is written through a link that leads out of the folder.
 */
export class StagedFolder {
  readonly #folder: string;
  readonly #location: string;
  readonly #written = new Set<string>();
  #staging: Promise<string> | null = null;
  /** The first folder of those that had to be made; null: none. */
  #made: string | null = null;

  constructor(folder: string, location: string) {
    this.#folder = resolve(folder);
    this.#location = location;
  }

  /** The size of a file that is in the folder, or was written; null when there is none. */
  async sizeOf(path: string): Promise<number | null> {
    if (this.#written.has(path) && this.#staging !== null) return (await stat(join(await this.#staging, path))).size;
    const file = await insideOf(this.#folder, path);
    const status = file === null ? null : await stat(file).catch(nullIfAbsent);
    return status?.isFile() === true ? status.size : null;
  }

  /** Writes a file, whole or not at all. `path` has `/` between its parts. */
  async write(path: string, content: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
    this.#staging ??= this.#begin();
    const file = join(await this.#staging, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    this.#written.add(path);
  }

  /** Puts what was written in its place, in the order in which it was written, and makes that durable. */
  async publish(): Promise<void> {
    if (this.#staging === null) return;
    const staging = await this.#staging;
    const folders = new Set([this.#folder]);
    for (const path of this.#written) {
      const place = join(this.#folder, path);
      await this.#insistOnInside(dirname(path));
      await mkdir(dirname(place), { recursive: true });
      await rename(join(staging, path), place);
      folders.add(dirname(place));
    }
    for (const folder of folders) await syncFolder(folder);
    await rm(staging, { recursive: true, force: true });
    this.#staging = null;
    this.#made = null;
    this.#written.clear();
  }

  /** Takes away what was not published, and the folders that were made for it. Safe to call twice. */
  async discard(): Promise<void> {
    const staging = this.#staging;
    this.#staging = null;
    if (staging === null) return;
    // When it could not be made there is nothing in it.
    const path = await staging.catch(() => null);
    if (path !== null) await rm(path, { recursive: true, force: true });
    for (let made = this.#folder; this.#made !== null; made = dirname(made)) {
      // Where somebody else has put something meanwhile, it stays.
      if (
        !(await rmdir(made).then(
          () => true,
          () => false,
        )) ||
        made === this.#made
      )
        break;
    }
  }

  async #begin(): Promise<string> {
    this.#made = (await mkdir(this.#folder, { recursive: true })) ?? null;
    await removeLeftovers(this.#folder);
    const staging = join(this.#folder, `${PREFIX}${crypto.randomUUID()}`);
    await mkdir(staging);
    return staging;
  }

  async #insistOnInside(path: string): Promise<void> {
    const parts = path.split("/");
    for (const at of parts.keys()) {
      const folder = parts.slice(0, at + 1).join("/");
      if (!(await leadsOut(this.#folder, folder))) continue;
      const what = `${this.#location}: ${folder} is a link that leads out of it`;
      throw new RegistryError("BAD_REQUEST", `${what}; name another folder`);
    }
  }
}

/** The real path of what `path` in `folder` leads to; null when it leads out of the folder, or to nothing. */
export async function insideOf(folder: string, path: string): Promise<string | null> {
  const [top, found] = await Promise.all([folder, join(folder, path)].map((one) => realpath(one).catch(nullIfAbsent)));
  if (top == null || found == null) return null;
  return found === top || found.startsWith(top === sep ? top : `${top}${sep}`) ? found : null;
}

/** Is there something at `path` in `folder` that leads out of it? */
export async function leadsOut(folder: string, path: string): Promise<boolean> {
  const found = await realpath(join(folder, path)).catch(nullIfAbsent);
  return found !== null && (await insideOf(folder, path)) === null;
}

/** Is `name` that of a folder in which somebody stages files, or was killed while he did? */
export function isStaging(name: string): boolean {
  return /^\.larder-[0-9a-f-]{36}$/.test(name);
}

async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isStaging(name)) continue;
    const status = await lstat(join(folder, name)).catch(nullIfAbsent);
    const isOld = status !== null && Date.now() - status.mtimeMs > LEFTOVER_MS;
    if (isOld && status.isDirectory()) await rm(join(folder, name), { recursive: true, force: true });
  }
}
