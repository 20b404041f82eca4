import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";

test(
  "an image of half a gibibyte and 40,000 files is converted in less than 200 MiB",
  async () => {
    const child = Bun.spawn([process.execPath, fileURLToPath(import.meta.resolve("./conversion-memory.fixture.ts"))]);
    const result = JSON.parse(await new Response(child.stdout).text());
    expect(await child.exited).toBe(0);
    expect(result.imageId).toMatch(/^sha512-/);
    expect(result.peakMebibytes).toBeLessThan(200);
  },
  { timeout: 120_000 },
);
