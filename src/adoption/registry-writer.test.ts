import { afterAll, beforeAll, expect, test } from "bun:test";
import { link, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { digestOf } from "../oci/digest.ts";
import { blobFile, LAYOUT_PATH } from "./registry-layout.ts";
import { RegistryWriter } from "./registry-writer.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-writer-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const TEXT = "a blob of larder's own";
const DIGEST = digestOf(TEXT);

/** A process that has ended. */
async function endedProcess(): Promise<number> {
  const child = Bun.spawn(["true"]);
  await child.exited;
  return child.pid;
}

test.each([true, false])(
  "what an interrupted export left is removed, and never written to (links: %p)",
  async (mayLink) => {
    const root = await mkdtemp(join(folder, "out-"));
    const own = join(root, "..", `own-${mayLink}`);
    await writeFile(own, TEXT);
    const data = join(root, LAYOUT_PATH, blobFile(DIGEST));
    await mkdir(dirname(data), { recursive: true });
    // A container's processes have the same number each time.
    await link(own, `${data}.part-${process.pid}`);
    await writeFile(`${data}.part-${await endedProcess()}`, "half of");
    const stays = `data.part-${process.ppid}`;
    await writeFile(join(dirname(data), stays), "of another export that runs");

    const writer = RegistryWriter.open(root, mayLink);
    const pieces = async () =>
      (async function* () {
        // What is asked for piece by piece and breaks off at once.
        if (mayLink) yield new TextEncoder().encode(TEXT);
      })();
    const arrival = await writer.putBlob(DIGEST, TEXT.length, { file: own, pieces }, () => {});
    expect(arrival).toBe(mayLink ? "linked" : "absent");
    expect(await Bun.file(own).text()).toBe(TEXT);
    expect((await readdir(dirname(data))).toSorted()).toEqual(mayLink ? ["data", stays] : [stays]);
  },
);

test("a file in the folder's place is told of", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  expect(() => RegistryWriter.open(file, true)).toThrow(`${file} is a file, and no folder`);
});
