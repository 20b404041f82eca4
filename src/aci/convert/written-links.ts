import { type DirectoryNode, FileNode, LinkNode, walkTree } from "./root-tree.ts";

/** A name that a file has. */
type FileName = { readonly path: string; readonly node: FileNode | LinkNode };

/**
 * Which ACI of a chain holds a file that has several names.
 *
 * rkt takes from each ACI the names that no higher one gives, and makes a hard link when it comes to it: the name that it
 * links to must be taken from the same ACI. So all names of a file are written into one ACI, and again into the next one
 * whose layer gives the file another name, or takes away the one under which its content was written.
 * Source: appc/spec 0.8.11, pkg/acirenderer; rkt 1.30, pkg/aci/render.go and pkg/tar/tar.go.
 */
export class WrittenLinks {
  /** The path under which the content of a file with several names was written last. */
  readonly #contentPaths = new Map<FileNode, string>();

  /** Moves to `layer`, the one that was applied last, the names of all files that its ACI has to hold. */
  settle(root: DirectoryNode, layer: number): void {
    const files = this.#namesOfFiles(root);
    for (const file of this.#contentPaths.keys()) if (!files.has(file)) this.#contentPaths.delete(file);
    for (const [file, names] of files) {
      const isNamedAnew = names.some(({ node }) => node.layer === layer);
      const contentPath = this.#contentPaths.get(file);
      const [first] = names;
      if (first === undefined || (!isNamedAnew && names.some(({ path }) => path === contentPath))) continue;
      for (const { node } of names) node.layer = layer;
      this.#contentPaths.set(file, first.path);
    }
  }

  /** The names of files that have several, or had; the first of each is the one that `planRoot` writes the content under. */
  #namesOfFiles(root: DirectoryNode): Map<FileNode, FileName[]> {
    const files = new Map<FileNode, FileName[]>();
    walkTree(root, (node, directory, name) => {
      if (!(node instanceof LinkNode)) return;
      const names = files.get(node.file) ?? [];
      names.push({ path: directory.pathOf(name), node });
      files.set(node.file, names);
    });
    walkTree(root, (node, directory, name) => {
      if (!(node instanceof FileNode)) return;
      const names = files.get(node) ?? (this.#contentPaths.has(node) ? [] : undefined);
      if (names === undefined) return;
      names.unshift({ path: directory.pathOf(name), node });
      files.set(node, names);
    });
    return files;
  }
}
