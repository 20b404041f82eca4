import { type TarEntry, tarEntry, type TarMember } from "../../src/lib/tar/tar-entry.ts";
import { writeTar } from "../../src/lib/tar/write-tar.ts";

/** A tar of files by their paths; what else there is to be in it comes first. */
export async function tarOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  others: readonly TarEntry[] = [],
): Promise<Uint8Array> {
  const members: TarMember[] = others.map((entry) => ({ entry, body: null }));
  for (const [path, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    members.push({ entry: tarEntry(path, "file", { size: bytes.length }), body: new Blob([bytes]).stream() });
  }
  const parts: Uint8Array[] = [];
  for await (const part of writeTar(members)) parts.push(part);
  return Buffer.concat(parts);
}
