import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

test("nothing of discovery looks at the disk but by what can be confined", async () => {
  const folder = join(import.meta.dir, "..");
  const files = (await readdir(folder, { recursive: true })).filter((file) => /(?<!\.test|\.fixture)\.ts$/.test(file));
  const past: string[] = [];
  for (const file of files) {
    const text = await readFile(join(folder, file), "utf8");
    // Types say nothing, and programs are run for those alone who have their own files read.
    const looks = /^import (?!type).*"node:fs|Bun\.(?:file|Glob|write)\b|\bnode:child_process/m.test(text);
    // What a server has done puts the files there, and confines what looks at them.
    if (looks && !file.startsWith("serve/") && file !== "files/reading.ts") past.push(file);
  }
  expect(past).toEqual([]);
  expect(files.length).toBeGreaterThan(80);
});
