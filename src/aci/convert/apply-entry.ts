/**
 * Puts one layer's entries, one by one, on top of the layers below it.
 *
 * Whiteouts (image-spec v1.1.1, layer.md, "Whiteouts"): `.wh.NAME` hides what lower layers put at NAME, and
 * `.wh..wh..opq` all that they put into its directory; neither touches what its own layer adds, and it does not matter
 * which comes first in the tar. The rest is what umoci and containerd do when they unpack: a directory over a directory
 * keeps its content and takes the new owner, mode and times; anything else takes the place of what was there; the way to
 * an entry is followed through symlinks, within the root; directories that are missing on it are made.
 */
import type { TarEntry } from "../../lib/tar/tar-entry.ts";
import { AciError } from "../aci-error.ts";
import {
  asFileNode,
  DirectoryNode,
  FileNode,
  layerOf,
  LinkNode,
  plainFile,
  resolveDirectory,
  type TreeNode,
} from "./root-tree.ts";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
/** Names that AUFS keeps its own books under. Docker on AUFS let some of them into layers. */
const AUFS = ".wh..wh.";
/** AUFS's folder of files that have several names; entries of the layer are hard links to them. */
const AUFS_LINKS = ".wh..wh.plnk";

/** Applies the entries of one layer to a tree of the layers below: adds, replaces, and hides by whiteouts. */
export class LayerApplier {
  readonly #root: DirectoryNode;
  readonly #layer: number;
  readonly #aufsFiles = new Map<string, FileNode>();
  /** Where the last file went by its own path; null as soon as anything has been taken away, since that may be gone. */
  #last: { readonly prefix: string; readonly directory: DirectoryNode } | null = null;
  /** Did this layer hide or replace anything of a lower one? */
  hidesLower = false;
  /** Directories that no entry was for: they lie on the way to one. */
  madeDirectories = 0;

  constructor(root: DirectoryNode, layer: number) {
    this.#root = root;
    this.#layer = layer;
  }

  /** Takes the layer's entry number `ordinal`. Throws AciError for what no image may hold. */
  apply(entry: TarEntry, ordinal: number): void {
    if (this.#applyBesideLast(entry, ordinal)) return;
    const components = cleanPath(entry.path);
    const name = components.pop();
    if (name === undefined) {
      this.#applyRoot(entry);
    } else if (components[0] === AUFS_LINKS) {
      this.#aufsFiles.set([...components, name].join("/"), this.#fileNode(entry, ordinal, true));
    } else if (name.startsWith(WHITEOUT)) {
      this.#applyWhiteout(components, name, entry);
    } else {
      this.#applyAt(components, name, entry, ordinal);
    }
  }

  /**
   * Takes a new file in the directory that the last one went to. Most entries are that, by the hundred thousand: what goes on
   * for each is what counts. False for all else, and nothing has happened then.
   */
  #applyBesideLast({ path, type }: TarEntry, ordinal: number): boolean {
    const last = this.#last;
    if (last === null || type !== "file" || !path.startsWith(last.prefix)) return false;
    const name = path.slice(last.prefix.length);
    if (name === "" || name.includes("/") || name.startsWith(".") || last.directory.children.has(name)) return false;
    last.directory.add(name, plainFile(this.#layer, ordinal));
    return true;
  }

  #applyRoot(entry: TarEntry): void {
    if (entry.type !== "directory") throw refused(entry, `it makes the root directory a ${entry.type}`);
    this.#root.entry = { ...entry, path: "" };
    this.#root.layer = this.#layer;
  }

  #applyWhiteout(components: readonly string[], name: string, entry: TarEntry): void {
    this.#last = null;
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === "" || hidden === "." || hidden === "..") throw refused(entry, "it hides no name");
    const found = resolveDirectory(this.#root, components, null);
    if (found === null) return; // It hides what is not there; overlapping whiteouts do that.
    const { directory } = found;
    if (name === OPAQUE) {
      this.#hideLower(directory);
      return;
    }
    if (name.startsWith(AUFS)) return;
    const child = directory.children.get(hidden);
    if (child === undefined) return;
    if (child instanceof DirectoryNode) {
      this.#hideLower(child);
      if (child.layer === this.#layer) return;
      if (child.children.size > 0) {
        // Only this layer's entries are left in it: the directory is one that they imply.
        child.entry = null;
        child.layer = this.#layer;
        return;
      }
    } else if (layerOf(child) === this.#layer) return;
    directory.children.delete(hidden);
    this.hidesLower = true;
  }

  /** Takes away all below `directory` that this layer did not put there, and directories that are empty by that. */
  #hideLower(directory: DirectoryNode): void {
    for (const [name, child] of directory.children) {
      if (child instanceof DirectoryNode) {
        this.#hideLower(child);
        if (child.layer === this.#layer) continue;
        if (child.children.size > 0) {
          child.entry = null;
          child.layer = this.#layer;
          continue;
        }
      } else if (layerOf(child) === this.#layer) continue;
      directory.children.delete(name);
      this.hidesLower = true;
    }
  }

  #applyAt(components: readonly string[], name: string, entry: TarEntry, ordinal: number): void {
    const parent = this.#parentOf(components);
    const prefix = entry.path.slice(0, entry.path.length - name.length);
    this.#last = parent.isElsewhere || !entry.path.endsWith(name) ? null : { prefix, directory: parent.directory };
    const existing = parent.directory.children.get(name);
    if (entry.type === "directory") {
      const directory =
        existing instanceof DirectoryNode
          ? existing
          : this.#replace(parent.directory, name, existing, entry).addDirectory(name, this.#layer);
      directory.entry = { ...entry, path: "" };
      directory.layer = this.#layer;
      return;
    }
    const node =
      entry.type === "hardlink"
        ? new LinkNode(this.#layer, this.#linkedFile(entry))
        : entry.type === "symlink" || parent.isElsewhere
          ? this.#fileNode(entry, ordinal, parent.isElsewhere)
          : plainFile(this.#layer, ordinal);
    this.#replace(parent.directory, name, existing, entry).add(name, node);
  }

  #fileNode(entry: TarEntry, ordinal: number, isElsewhere: boolean): FileNode {
    return new FileNode(this.#layer, ordinal, entry.type === "symlink" ? entry.linkTarget : null, isElsewhere);
  }

  #parentOf(components: readonly string[]): { directory: DirectoryNode; isElsewhere: boolean } {
    const found = resolveDirectory(this.#root, components, this.#layer);
    if (found === null) throw new Error("a directory that may be made was not found");
    this.madeDirectories += found.made;
    return found;
  }

  /** Makes room for an entry. A layer may not name a path twice (image-spec v1.1.1, layer.md, "Layer Changesets"). */
  #replace(parent: DirectoryNode, name: string, existing: TreeNode | undefined, entry: TarEntry): DirectoryNode {
    if (existing === undefined) return parent;
    if (this.#isTouched(existing)) {
      throw refused(entry, "its layer has that path twice, and unpackers disagree on which one counts");
    }
    // A directory's content goes with it; a file's name is taken over and only then hides nothing else.
    if (existing instanceof DirectoryNode || entry.type === "directory") this.hidesLower = true;
    parent.children.delete(name);
    this.#last = null;
    return parent;
  }

  #isTouched(node: TreeNode): boolean {
    if (layerOf(node) === this.#layer) return true;
    return node instanceof DirectoryNode && node.children.values().some((child) => this.#isTouched(child));
  }

  #linkedFile(entry: TarEntry): FileNode {
    const components = cleanPath(entry.linkTarget);
    const aufsFile = this.#aufsFiles.get(components.join("/"));
    if (aufsFile !== undefined) return aufsFile;
    const name = components.pop();
    const parent = name === undefined ? null : resolveDirectory(this.#root, components, null);
    const target = name === undefined ? this.#root : parent?.directory.children.get(name);
    if (target === undefined)
      throw refused(entry, `it is a hard link to ${quote(entry.linkTarget)}, which is not there`);
    if (target instanceof DirectoryNode) {
      throw refused(entry, `it is a hard link to ${quote(entry.linkTarget)}, a directory`);
    }
    if (typeof target !== "number") return target instanceof LinkNode ? target.file : target;
    const file = asFileNode(target);
    if (name !== undefined) parent?.directory.add(name, file);
    return file;
  }
}

function refused(entry: TarEntry, why: string): AciError {
  return new AciError(`the layer's entry ${quote(entry.path)} is refused: ${why}`);
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

/** The components of a path in a layer; `./a`, `/a` and `a/` are the same. Throws AciError for `..`. */
export function cleanPath(path: string): string[] {
  const components = path.split("/").filter((component) => component !== "" && component !== ".");
  if (components.includes("..")) {
    throw new AciError(`the layer's path ${JSON.stringify(path.slice(0, 200))} is refused: it leads out by ".."`);
  }
  return components;
}
