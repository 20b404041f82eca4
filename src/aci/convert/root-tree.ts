import type { TarEntry } from "../../lib/tar/tar-entry.ts";
import { decodeText, encodeText } from "../../lib/tar/text-bytes.ts";
import { AciError } from "../aci-error.ts";

/**
 * The root file system that layers add up to, its names only: what a file holds and who owns it is read again from the
 * layer when it is written.
 *
 * `layer` is always the number of the layer, from 0 at the bottom, that gave the node its place. Of an image that becomes
 * one ACI for each layer it is the layer in whose ACI the node is to be written: see `WrittenLinks`.
 */
export type TreeNode = DirectoryNode | FileNode | LinkNode | PlainFile;

/**
 * A file of which there is nothing more to say than which entry of which layer it is. Nearly all are, so it is a number,
 * which costs no memory of its own: images have files by the hundred thousand.
 */
export type PlainFile = number & { readonly plainFile: true };

const ORDINALS = 2 ** 32;

/** The file that is entry number `ordinal` of layer number `layer`; both count from 0, in less than 2^21 layers. */
export function plainFile(layer: number, ordinal: number): PlainFile {
  return (layer * ORDINALS + ordinal) as PlainFile;
}

/** The same file as an object, which hard links can share. */
export function asFileNode(file: PlainFile): FileNode {
  return new FileNode(layerOf(file), ordinalOf(file), null, false);
}

/** Which entry of its layer the file is. */
export function ordinalOf(file: PlainFile): number {
  return file % ORDINALS;
}

/** The number of the layer that gave the node its place. */
export function layerOf(node: TreeNode): number {
  return typeof node === "number" ? Math.floor(node / ORDINALS) : node.layer;
}

/** As many symlinks on one way as securejoin follows, which umoci, containerd and runc use (Linux: 40). */
const MAX_SYMLINKS = 255;
/** A Linux path of 4,096 bytes has no more components. */
const MAX_DEPTH = 2048;
/** No file system that images are unpacked to has longer names. In bytes; a text never has fewer letters. */
const MAX_NAME_BYTES = 255;

/** Anything but a directory: a file, a symlink, a device. It is entry number `ordinal`, from 0, of the layer `source`. */
export class FileNode {
  layer: number;
  readonly source: number;
  readonly ordinal: number;
  /** What a symlink points to; null for all else. */
  readonly symlinkTarget: string | null;
  /** Did the entry's path lead through a symlink, so that the place is not the one that its header names? */
  readonly isElsewhere: boolean;

  constructor(layer: number, ordinal: number, symlinkTarget: string | null, isElsewhere: boolean) {
    this.layer = layer;
    this.source = layer;
    this.ordinal = ordinal;
    this.symlinkTarget = symlinkTarget;
    this.isElsewhere = isElsewhere;
  }
}

/** One more name of a file, which stays when the first one goes. */
export class LinkNode {
  layer: number;
  readonly file: FileNode;

  constructor(layer: number, file: FileNode) {
    this.layer = layer;
    this.file = file;
  }
}

/** A directory of the tree, with what is in it by name. */
export class DirectoryNode {
  readonly name: string;
  readonly parent: DirectoryNode | null;
  readonly depth: number;
  readonly children = new Map<string, TreeNode>();
  layer: number;
  /** Null for a directory that no layer lists: it is only there because something is in it. */
  entry: TarEntry | null = null;

  constructor(name: string, parent: DirectoryNode | null, layer: number) {
    this.name = name;
    this.parent = parent;
    this.depth = parent === null ? 0 : parent.depth + 1;
    this.layer = layer;
  }

  /** `usr/lib`; empty for the root. */
  get path(): string {
    if (this.parent === null) return "";
    const above = this.parent.path;
    return above === "" ? this.name : `${above}/${this.name}`;
  }

  /** Puts a node under `name`, in the place of what was there. Throws AciError for a name that is too long for a file's. */
  add(name: string, node: TreeNode): void {
    this.children.set(this.children.has(name) ? name : detached(checked(name)), node);
  }

  /** The path of a child. */
  pathOf(name: string): string {
    const above = this.path;
    return above === "" ? name : `${above}/${name}`;
  }

  /** Puts an empty directory under `name`. Throws AciError below a depth that no file system can be asked for. */
  addDirectory(name: string, layer: number): DirectoryNode {
    if (this.depth >= MAX_DEPTH) throw new AciError(`a layer nests directories more than ${MAX_DEPTH} deep`);
    const directory = new DirectoryNode(detached(checked(name)), this, layer);
    this.children.set(directory.name, directory);
    return directory;
  }
}

/**
 * Goes down `components` from `root` as a process does whose root directory that is: symlinks are followed, `..` ends
 * at the root. Missing directories are made for `layer`, or end it with null when `layer` is null.
 *
 * `isElsewhere` tells whether a symlink was followed, `made` how many directories were made. Throws AciError for a file on the way and for loops.
 */
export function resolveDirectory(
  root: DirectoryNode,
  components: readonly string[],
  layer: number | null,
): { directory: DirectoryNode; isElsewhere: boolean; made: number } | null {
  const ahead = components.toReversed();
  let directory = root;
  let symlinks = 0;
  let made = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      directory = directory.parent ?? root;
      continue;
    }
    const child = directory.children.get(name);
    if (child instanceof DirectoryNode) {
      directory = child;
    } else if (child === undefined) {
      if (layer === null) return null;
      directory = directory.addDirectory(name, layer);
      made++;
    } else {
      const target = symlinkTargetOf(child);
      if (target === null)
        throw new AciError(`${quote(components)} leads through ${quote([directory.pathOf(name)])}, a file`);
      if (++symlinks > MAX_SYMLINKS) throw new AciError(`${quote(components)} leads through too many symlinks`);
      if (target.startsWith("/")) directory = root;
      ahead.push(...target.split("/").toReversed());
      if (ahead.length > MAX_DEPTH) throw new AciError(`${quote(components)} leads through too long a way of symlinks`);
    }
  }
  return { directory, isElsewhere: symlinks > 0, made };
}

/**
 * Visits all nodes, directories behind what is in them, the root last (as a child of itself without a name). Calls back
 * and recurses, within the tree's bounded depth, since a generator would make an object for each of a million nodes.
 */
export function walkTree(
  root: DirectoryNode,
  visit: (node: TreeNode, directory: DirectoryNode, name: string) => void,
): void {
  const enter = (directory: DirectoryNode) => {
    directory.children.forEach((node, name) => {
      if (node instanceof DirectoryNode) enter(node);
      else visit(node, directory, name);
    });
    visit(directory, directory.parent ?? root, directory.name);
  };
  enter(root);
}

function checked(name: string): string {
  if (name.length <= MAX_NAME_BYTES / 3 || encodeText(name).length <= MAX_NAME_BYTES) return name;
  throw new AciError(`a layer has a name of more than ${MAX_NAME_BYTES} bytes: ${quote([name])}…`);
}

/** The same text. A name cut out of a path would keep the whole path in memory, for as long as the tree lives. */
function detached(name: string): string {
  return decodeText(encodeText(name));
}

function symlinkTargetOf(node: FileNode | LinkNode | PlainFile): string | null {
  if (typeof node === "number") return null;
  return (node instanceof LinkNode ? node.file : node).symlinkTarget;
}

function quote(components: readonly string[]): string {
  return JSON.stringify(components.join("/").slice(0, 200));
}
