import { DISCOVERY_LIMITS } from "../../admin/discovery-limits.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { isPassedOver, isPassedOverFolder } from "./passed-over.ts";

/** A file and its path, as it is to be named: `shop/web.yaml`. */
export type GivenFile = { readonly path: string; readonly file: File };

/** Files that somebody gave, and what was not taken of them, in words. */
export type GivenFiles = { readonly files: readonly GivenFile[]; readonly notes: readonly string[] };

/** The files cannot be taken; the message says why, and what to do. */
export class TooMuch extends Error {
  override readonly name = "TooMuch";
}

const INSTEAD = "use `larder images PATH` and `larder preload PATH` where they are, or give a part of them";
const DEPTH_LIMIT = 60;

/** The files of an input, a folder's or single ones. Throws TooMuch. */
export function filesOfInput(list: Iterable<File>): GivenFiles {
  const taken = new Taken();
  for (const file of list) {
    const path = file.webkitRelativePath === "" ? file.name : file.webkitRelativePath;
    if (path.includes("/") && isPassedOver(path.slice(path.indexOf("/") + 1))) continue;
    taken.add({ path, file });
  }
  return taken;
}

/** What was dropped, to be asked for in the very turn of the drop: later the browser has forgotten it. */
export function entriesOfDrop(transfer: DataTransfer): readonly (FileSystemEntry | File)[] {
  return [...transfer.items].flatMap((item): (FileSystemEntry | File)[] => {
    if (item.kind !== "file") return [];
    const thing = item.webkitGetAsEntry() ?? item.getAsFile();
    return thing === null ? [] : [thing];
  });
}

/** The files that were dropped, with those in folders. Throws TooMuch, and the signal's reason. */
export async function filesOfDrop(
  entries: readonly (FileSystemEntry | File)[],
  signal: AbortSignal,
): Promise<GivenFiles> {
  const taken = new Taken();
  const visit = async (entry: FileSystemEntry, path: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    if (entry.isFile) {
      if (depth > 0 && isPassedOver(entry.name)) return;
      const file = await fileOf(entry as FileSystemFileEntry);
      if (file === null) taken.notes.push(`${path} could not be read`);
      else taken.add({ path, file });
      return;
    }
    if (depth > 0 && isPassedOverFolder(entry.name)) return;
    if (depth > DEPTH_LIMIT) return void taken.notes.push(`${path} was not read: its folders nest too deeply`);
    const inside = await entriesIn(entry as FileSystemDirectoryEntry);
    if (inside === null) return void taken.notes.push(`the folder ${path} could not be read`);
    for (const one of inside) await visit(one, `${path}/${one.name}`, depth + 1);
  };
  for (const entry of entries) {
    if (entry instanceof File) taken.add({ path: entry.name, file: entry });
    else await visit(entry, entry.name, 0);
  }
  return taken;
}

class Taken {
  readonly files: GivenFile[] = [];
  readonly notes: string[] = [];
  #bytes = 0;

  add(given: GivenFile): void {
    const { path, file } = given;
    const { files, bytes } = DISCOVERY_LIMITS;
    if (file.size > bytes) {
      throw new TooMuch(
        `${path} has ${formatBytes(file.size)}, and ${formatBytes(bytes)} is the most in all: ${INSTEAD}.`,
      );
    }
    this.#bytes += file.size;
    if (this.#bytes > bytes) throw new TooMuch(`The files have more than ${formatBytes(bytes)} in all: ${INSTEAD}.`);
    if (this.files.push(given) > files) throw new TooMuch(`There are more than ${files} files: ${INSTEAD}.`);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File | null> {
  return new Promise((resolve) => entry.file(resolve, () => resolve(null)));
}

/** Browsers give a hundred at a time. */
async function entriesIn(folder: FileSystemDirectoryEntry): Promise<readonly FileSystemEntry[] | null> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<readonly FileSystemEntry[] | null>((resolve) =>
      reader.readEntries(resolve, () => resolve(null)),
    );
    if (some === null) return null;
    if (some.length === 0) break;
    all.push(...some);
    // More files are refused anyway.
    if (all.length > 2 * DISCOVERY_LIMITS.files) break;
  }
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}
