import type { FileTree } from "./file-tree.ts";
import type { ImageSource } from "../image-source.ts";

/** The source that `open` makes of a tree, which it closes with itself; when `open` fails the tree is closed as well. */
export async function sourceOverTree(
  tree: FileTree,
  open: (tree: FileTree) => Promise<ImageSource>,
): Promise<ImageSource> {
  try {
    return await open(tree);
  } catch (error) {
    await tree.close();
    throw error;
  }
}
