import { RegistryError } from "../../oci/registry-error.ts";
import type { SourceBlob } from "../image-source.ts";

/** Files by their path, `/` between the parts, none of which is `.` or `..`: a directory, or an archive's members. */
export interface FileTree {
  /** For messages. */
  readonly location: string;
  /** The file at `path`, links followed; null when there is none. */
  open(path: string): Promise<SourceBlob | null>;
  close(): Promise<void>;
}

/** Reads a whole file; null when there is none. Throws PAYLOAD_TOO_LARGE beyond `limitBytes`. */
export async function readWhole(tree: FileTree, path: string, limitBytes: number): Promise<Uint8Array | null> {
  const file = await tree.open(path);
  if (file === null) return null;
  if (file.sizeBytes > limitBytes) {
    throw new RegistryError(
      "PAYLOAD_TOO_LARGE",
      `${path} in ${tree.location} has ${file.sizeBytes} bytes; larder reads ${limitBytes} at most`,
    );
  }
  const bytes = new Uint8Array(file.sizeBytes);
  let position = 0;
  for await (const piece of await file.stream(0)) {
    bytes.set(piece, position);
    position += piece.length;
  }
  return bytes;
}
