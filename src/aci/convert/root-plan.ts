import { type TarEntry, tarEntry } from "../../lib/tar/tar-entry.ts";
import {
  DirectoryNode,
  FileNode,
  LinkNode,
  layerOf,
  ordinalOf,
  resolveDirectory,
  type TreeNode,
  walkTree,
} from "./root-tree.ts";

/** What a root file system is written from. Paths are relative to its root, without a slash at the start. */
export type RootPlan = {
  /** Which entries to take from each layer, by the layer's number. */
  readonly selections: readonly LayerSelection[];
  /** Entries that no layer has. */
  readonly extras: readonly TarEntry[];
  /** All directories, each behind those in it; the last is the root, with an empty path. */
  readonly directories: readonly TarEntry[];
};

/** The entries that are wanted of one layer: most under their own path and no other. */
export class LayerSelection {
  #bits = new Uint8Array(1024);
  readonly #placements = new Map<number, Placement>();
  #count = 0;

  /** How many entries are wanted. */
  get count(): number {
    return this.#count;
  }

  has(ordinal: number): boolean {
    return ((this.#bits[ordinal >>> 3] ?? 0) & (1 << (ordinal & 7))) !== 0;
  }

  /** Where the entry goes; null for its own path and no hard links. */
  placement(ordinal: number): Placement | null {
    return this.#placements.get(ordinal) ?? null;
  }

  add(ordinal: number, placement: Placement | null): void {
    const index = ordinal >>> 3;
    if (index >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bits.length, index + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    if (!this.has(ordinal)) this.#count++;
    this.#bits[index] = (this.#bits[index] ?? 0) | (1 << (ordinal & 7));
    if (placement !== null) this.#placements.set(ordinal, placement);
  }
}

/** The place of a file that is not, or not only, at its own path. */
type Placement = { readonly path: string; readonly hardLinks: readonly string[] };

/**
 * rkt's stage 1 expects them; Docker's runtime mounts its own, so images lack them. As docker2aci 0.17.2 has them: an
 * output may be a socket of the journal, which cannot be opened through /proc.
 */
const STDIO: readonly (readonly [string, string])[] = [
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/dev/console"],
  ["stderr", "/dev/console"],
  ["fd", "/proc/self/fd"],
];

/**
 * The standard streams that `/dev` lacks; nothing where `/dev` is no directory, which is the image's own will. A missing
 * `/dev` is made, for the layer `layer`.
 */
export function missingStdio(root: DirectoryNode, layer: number): TarEntry[] {
  const existing = root.children.get("dev");
  if (existing !== undefined && !(existing instanceof DirectoryNode)) return [];
  const dev = resolveDirectory(root, ["dev"], layer)?.directory;
  return STDIO.filter(([name]) => dev !== undefined && !dev.children.has(name)).map(([name, linkTarget]) =>
    tarEntry(`dev/${name}`, "symlink", { mode: 0o777, linkTarget }),
  );
}

/**
 * Plans how to write the tree: all of it, or only what `onlyLayer` put there. A file whose first name is gone, or
 * belongs to another layer, is written under the next name that it has.
 */
export function planRoot(
  root: DirectoryNode,
  layerCount: number,
  extras: readonly TarEntry[],
  onlyLayer: number | null = null,
): RootPlan {
  const selections = Array.from({ length: layerCount }, () => new LayerSelection());
  const directories: TarEntry[] = [];
  const isWanted = (node: TreeNode) => onlyLayer === null || layerOf(node) === onlyLayer || node === root;

  const links = new Map<FileNode, string[]>();
  walkTree(root, (node, directory, name) => {
    if (!(node instanceof LinkNode) || !isWanted(node)) return;
    const paths = links.get(node.file) ?? [];
    paths.push(directory.pathOf(name));
    links.set(node.file, paths);
  });
  walkTree(root, (node, directory, name) => {
    if (!isWanted(node)) return;
    if (node instanceof DirectoryNode) {
      directories.push({ ...(node.entry ?? tarEntry("", "directory")), path: node.path });
    } else if (typeof node === "number") {
      selections[layerOf(node)]?.add(ordinalOf(node), null);
    } else if (node instanceof FileNode) {
      const hardLinks = links.get(node) ?? [];
      links.delete(node);
      const isPlain = !node.isElsewhere && hardLinks.length === 0;
      selections[node.source]?.add(node.ordinal, isPlain ? null : { path: directory.pathOf(name), hardLinks });
    }
  });
  for (const [file, [path = "", ...hardLinks]] of links)
    selections[file.source]?.add(file.ordinal, { path, hardLinks });
  return { selections, extras, directories };
}

/** All paths of the tree below its root, directories behind what is in them. */
export function allPaths(root: DirectoryNode): string[] {
  const paths: string[] = [];
  walkTree(root, (node, directory, name) => {
    if (node !== root) paths.push(directory.pathOf(name));
  });
  return paths;
}
