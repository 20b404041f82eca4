import { scanFile } from "../../lib/files/scan-file.ts";

/** The SHA-256 of a file in hexadecimal digits, as the disk has it. Throws what the system says. */
export async function sha256OfFile(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of scanFile(path)) hasher.update(piece);
  return hasher.digest("hex");
}
