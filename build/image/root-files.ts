import { dirname } from "node:path";
import { type TarEntry, tarEntry, type TarMember } from "../../src/lib/tar/tar-entry.ts";

/** A file, a folder or a link of an image. */
export type RootFile = { readonly entry: TarEntry; readonly bytes: Uint8Array };

type Details = Partial<Pick<TarEntry, "mode" | "uid" | "gid" | "modifiedAt">>;

const NOTHING = new Uint8Array();

/** A file that root owns, of 1970, mode 0644, unless said. `path` has no slash before it. */
export function rootFile(path: string, content: Uint8Array | string, details: Details = {}): RootFile {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { entry: tarEntry(path, "file", { ...details, size: bytes.length }), bytes };
}

/** A folder that root owns, mode 0755, unless said. */
export function rootFolder(path: string, details: Details = {}): RootFile {
  return { entry: tarEntry(`${path}/`, "directory", details), bytes: NOTHING };
}

/** A symbolic link. */
export function rootLink(path: string, target: string): RootFile {
  return { entry: tarEntry(path, "symlink", { mode: 0o777, linkTarget: target }), bytes: NOTHING };
}

/** These files, with the folders above them that are not among them, in the order of their names: the members of a layer. */
export function layerMembers(files: readonly RootFile[]): readonly TarMember[] {
  const all = new Map(files.map((file) => [nameOf(file), file]));
  if (all.size < files.length) throw new Error("a file of the image comes twice");
  for (const file of files)
    for (let above = dirname(nameOf(file)); above !== "."; above = dirname(above))
      if (!all.has(above)) all.set(above, rootFolder(above));
  const names = [...all.keys()].sort();
  return names.flatMap((name) => {
    const file = all.get(name);
    return file === undefined ? [] : [{ entry: file.entry, body: file.bytes.length === 0 ? null : once(file.bytes) }];
  });
}

function nameOf({ entry }: RootFile): string {
  return entry.path.replace(/\/$/, "");
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}
