import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buildImage, IMAGE_TARGETS, type ImagePlan } from "../../build/image/build-image.ts";
import { readAbout } from "../../build/image/read-about.ts";
import { readSourceVersion } from "../../build/source-version.ts";
import { until } from "../until.ts";

/** Both platforms are compiled and packed, and Debian's packages fetched, on a machine that is busy with other tests. */
const BUILD_LIMIT_MS = 240_000;

/** What `npm run image` makes, in a folder that the tests of a run share. */
export type BuiltImage = { readonly folder: string; readonly version: string; close(): Promise<void> };

/** As `npm run image` plans it, but packed in a hurry. */
export async function testPlan(changes: Partial<ImagePlan> = {}): Promise<ImagePlan> {
  return {
    source: readSourceVersion({}),
    about: await readAbout(),
    packages: null,
    targets: IMAGE_TARGETS,
    gzipLevel: 1,
    say: () => {},
    ...changes,
  };
}

/** Builds the image, once for all files of a run. */
export async function builtImage(): Promise<BuiltImage> {
  const { version } = readSourceVersion({});
  // Of a run by `npm test`, which removes it.
  const isRun = /^larder-\d+$/.test(basename(tmpdir()));
  const folder = isRun ? join(tmpdir(), "image") : await mkdtemp(join(tmpdir(), "larder-image-"));
  if (!isRun) {
    await buildImage(folder, await testPlan());
    return { folder, version, close: () => rm(folder, { recursive: true, force: true }) };
  }
  await buildOnce(folder);
  return { folder, version, close: () => Promise.resolve() };
}

async function buildOnce(folder: string): Promise<void> {
  const [claim, building, failed] = [`${folder}-claimed`, `${folder}-building`, `${folder}-failed`];
  // It stays: whoever comes when the image is there builds none.
  const isMine = await mkdir(claim).then(
    () => true,
    () => false,
  );
  if (!isMine) {
    await until("the image is built by another test", () => existsSync(folder) || existsSync(failed), BUILD_LIMIT_MS);
    if (existsSync(failed)) throw new Error(`the image was not built: ${await Bun.file(failed).text()}`);
    return;
  }
  try {
    await mkdir(building);
    await buildImage(building, await testPlan());
    await rename(building, folder);
  } catch (error) {
    await writeFile(failed, String(error));
    throw error;
  }
}
