/**
 * `npm run image`: larder's container image in dist/, without a daemon. `npm run image -- --packages FOLDER` takes the Debian
 * packages from there, so that no network is needed.
 */
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { CHECKOUT, readSourceVersion } from "../source-version.ts";
import { buildImage, IMAGE_TARGETS } from "./build-image.ts";
import { readAbout } from "./read-about.ts";

const DIST = join(CHECKOUT, "dist");

async function main(words: readonly string[]): Promise<number> {
  const [flag, folder, ...others] = words;
  if ((flag !== undefined && (flag !== "--packages" || folder === undefined)) || others.length > 0) {
    console.error("usage: npm run image [-- --packages FOLDER]");
    return 2;
  }
  const source = readSourceVersion(process.env);
  await mkdir(DIST, { recursive: true });
  const staged = await mkdtemp(join(DIST, ".image-"));
  try {
    await buildImage(staged, {
      source,
      about: await readAbout(),
      packages: folder ?? null,
      targets: IMAGE_TARGETS,
      gzipLevel: 9,
      say: (line) => console.log(line),
    });
    for (const name of ["image", "larder-image.tar", "rootfs"]) {
      await rm(join(DIST, name), { recursive: true, force: true });
      await rename(join(staged, name), join(DIST, name));
    }
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
  console.log(`dist/larder-image.tar: ${(Bun.file(join(DIST, "larder-image.tar")).size / 1e6).toFixed(1)} MB`);
  console.log(`dist/image: larder:${source.version} and larder:${source.version}-registry, and both as latest`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
