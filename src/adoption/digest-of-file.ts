import { openPlainFile } from "../lib/files/open-plain-file.ts";
import { readAhead } from "../lib/files/read-ahead.ts";
import { type Digest, type DigestAlgorithm, Digester } from "../oci/digest.ts";

/** The digest of a file's bytes. Throws NoPlainFile for what is no file, and the system's errors. */
export async function digestOfFile(
  path: string,
  algorithm: DigestAlgorithm,
  onBytes: (bytes: number) => void,
): Promise<Digest> {
  const file = await openPlainFile(path);
  const digester = new Digester(algorithm);
  try {
    for await (const piece of readAhead(file)) {
      digester.update(piece);
      onBytes(piece.byteLength);
    }
  } finally {
    await file.close();
  }
  return digester.digest();
}
