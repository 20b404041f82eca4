import { expect, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { scanFile } from "./scan-file.ts";

const PIECE = 512 << 10;

test.each(["/dev/shm", tmpdir()])("files of all sizes are read to their ends in %s", async (base) => {
  const folder = await mkdtemp(join(base, "larder-scan-"));
  try {
    for (const size of [0, 1, 511, 512, 4096, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 4096, 1_300_001]) {
      const bytes = crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536)));
      const content = Buffer.alloc(size, bytes.length === 0 ? 0 : bytes);
      await writeFile(join(folder, "file"), content);
      const hasher = new Bun.CryptoHasher("sha256");
      let read = 0;
      for await (const piece of scanFile(join(folder, "file"))) {
        hasher.update(piece);
        read += piece.byteLength;
      }
      expect(read).toBe(size);
      expect(hasher.digest("hex")).toBe(new Bun.CryptoHasher("sha256").update(content).digest("hex"));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a link is not followed, and what is not there fails", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-scan-"));
  await writeFile(join(folder, "file"), "x");
  await symlink("file", join(folder, "link"));
  for (const [name, code] of [
    ["link", "ELOOP"],
    ["absent", "ENOENT"],
  ] as const)
    await expect(Array.fromAsync(scanFile(join(folder, name)))).rejects.toMatchObject({ code });
  await rm(folder, { recursive: true });
});
