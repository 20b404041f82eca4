import type { Work } from "../../lib/async/turns.ts";
import { sortSteps } from "../../lib/async/sort-steps.ts";
import type { TarEntryType } from "../../lib/tar/tar-entry.ts";

/** A file, link, device or folder of a layer; or a whiteout, which removes what layers below have under its name. */
export type LayerNode = {
  type: TarEntryType | "whiteout";
  sizeBytes: number;
  /** Permission bits; null for a folder that has no entry of its own. */
  mode: number | null;
  uid: number;
  gid: number;
  modifiedAtMs: number | null;
  linkTarget: string | null;
  /** Which entry of the archive it is, from 0 on; null: not known. */
  at: number | null;
  /** What a folder holds, by name; null for what is none. */
  children: Map<string, LayerNode> | null;
  /** Does the layer hide all that layers below have in the folder? */
  isOpaque: boolean;
};

/** What an entry says of itself, but for where it is in the tree. */
export type LayerEntry = Omit<LayerNode, "children" | "isOpaque">;

/** An entry of a folder by its name. */
export type NamedNode = { readonly name: string; readonly node: LayerNode };

/** Source: image-spec v1.1.1, layer.md, "Whiteouts". */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** No file system takes longer paths (PATH_MAX of Linux), and nobody nests so deep. */
const PATH_LIMIT = 4096;
const DEPTH_LIMIT = 128;

/** What a tree may hold, so that memory stays bounded: some 250 bytes an entry, and its names. */
export type TreeBounds = { readonly nodes: number; readonly characters: number };
const BOUNDS: TreeBounds = { nodes: 200_000, characters: 32 << 20 };

/**
 * What a layer's archive holds, as the folders that its paths make.
 *
 *   ./usr/bin/env     usr → bin → env
 *   /etc/passwd       etc → passwd: engines take it as below the root
 *   ../../etc/shadow  .. → .. → etc → shadow: a folder of that name, so that it is seen; engines refuse it
 *   etc/.wh.motd      etc → motd, a whiteout
 *
 * The last entry of a path counts, as when it is unpacked.
 */
export class LayerTree {
  readonly #root: LayerNode = folder();
  readonly #bounds: TreeBounds;
  readonly #sorted = new WeakMap<LayerNode, readonly string[]>();
  #nodes = 0;
  #characters = 0;
  #passedOver = 0;

  constructor(bounds: TreeBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** How many files, folders and the like there are. */
  get nodeCount(): number {
    return this.#nodes;
  }

  /** Entries that no file system would take: their names are too long, or too deep. */
  get passedOver(): number {
    return this.#passedOver;
  }

  /** Is it as large as it may get? */
  get isFull(): boolean {
    return this.#nodes >= this.#bounds.nodes || this.#characters >= this.#bounds.characters;
  }

  /** Puts an entry where its path says. */
  add(path: string, entry: LayerEntry): void {
    const names = namesIn(path);
    if (names === null) {
      this.#passedOver++;
      return;
    }
    this.#characters += path.length + (entry.linkTarget?.length ?? 0);
    const last = names.pop();
    if (last === undefined) Object.assign(this.#root, { ...entry, type: "directory" });
    else this.#put(this.#folderOf(names), last, entry);
  }

  /** The node at a path; null when there is none. */
  find(path: string): LayerNode | null {
    let node: LayerNode | undefined = this.#root;
    for (const name of namesIn(path) ?? ["\0"]) node = node?.children?.get(name);
    return node ?? null;
  }

  /** The entries of a folder in the order of their names, those behind `after`; null when there is no such folder. */
  async list(
    path: string,
    { after, limit }: { readonly after: string | null; readonly limit: number },
    work: Work,
  ): Promise<{
    readonly folder: LayerNode;
    readonly entries: readonly NamedNode[];
    readonly next: string | null;
  } | null> {
    const node = this.find(path);
    const { children = null } = node ?? {};
    if (node === null || children === null) return null;
    const names = await this.#namesOf(node, children, work);
    const start = after === null ? 0 : firstBehind(names, after);
    const shown = names.slice(start, start + limit);
    const entries = shown.map((name) => ({ name, node: children.get(name) as LayerNode }));
    return { folder: node, entries, next: start + limit < names.length ? (shown.at(-1) ?? null) : null };
  }

  async #namesOf(node: LayerNode, children: ReadonlyMap<string, LayerNode>, work: Work): Promise<readonly string[]> {
    const known = this.#sorted.get(node);
    if (known?.length === children.size) return known;
    const names = await work.finish(sortSteps([...children.keys()]));
    this.#sorted.set(node, names);
    return names;
  }

  #put({ children }: LayerNode, name: string, entry: LayerEntry): void {
    if (children === null) return;
    const known = children.get(name);
    if (known === undefined) this.#nodes++;
    const isFolder = entry.type === "directory";
    children.set(name, {
      ...entry,
      children: isFolder ? (known?.children ?? new Map<string, LayerNode>()) : null,
      isOpaque: isFolder && known?.isOpaque === true,
    });
  }

  /** The folder of these names; what is missing of it is made, and what is no folder becomes one. */
  #folderOf(names: readonly string[]): LayerNode {
    let at = this.#root;
    for (const name of names) {
      const children = (at.children ??= new Map<string, LayerNode>());
      let next = children.get(name);
      if (next === undefined) {
        next = folder();
        children.set(name, next);
        this.#nodes++;
      }
      at = next;
    }
    if (at.children === null) {
      at.children = new Map();
      at.type = "directory";
    }
    return at;
  }

  /** Notes a whiteout, if the path is one's. False when it is not. */
  addWhiteout(path: string, at: number | null): boolean {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    if (!name.startsWith(WHITEOUT)) return false;
    const above = namesIn(path.slice(0, slash + 1));
    if (above === null) {
      this.#passedOver++;
    } else if (name === OPAQUE) {
      this.#folderOf(above).isOpaque = true;
    } else {
      this.#characters += path.length;
      this.#put(this.#folderOf(above), name.slice(WHITEOUT.length), whiteout(at));
    }
    return true;
  }
}

/** The names of a path; null for one that no file system has. */
export function namesIn(path: string): string[] | null {
  if (path.length > PATH_LIMIT) return null;
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  return names.length > DEPTH_LIMIT ? null : names;
}

function firstBehind(sorted: readonly string[], after: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as string) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function folder(): LayerNode {
  return {
    type: "directory",
    sizeBytes: 0,
    mode: null,
    uid: 0,
    gid: 0,
    modifiedAtMs: null,
    linkTarget: null,
    at: null,
    children: new Map(),
    isOpaque: false,
  };
}

function whiteout(at: number | null): LayerEntry {
  return {
    type: "whiteout",
    sizeBytes: 0,
    mode: null,
    uid: 0,
    gid: 0,
    modifiedAtMs: null,
    linkTarget: null,
    at,
  };
}
