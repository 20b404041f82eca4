/**
 * `npm run build`: larder as one file for each kind of machine, in dist/, with the hashes, the licences and the list of what
 * is in it; `npm run build -- x64 arm64-musl` for some.
 */
import { join } from "node:path";
import { buildBinary } from "./build-binary.ts";
import { composeLicences } from "./contents/licences.ts";
import { type BuiltFile, composeSpdx } from "./contents/spdx.ts";
import { CHECKOUT, readSourceVersion } from "./source-version.ts";
import { findTarget, TARGETS } from "./target.ts";

const FOLDER = join(CHECKOUT, "dist");

/** Builds for the targets that are named, for all when none is. Returns the exit status: 2 a word that is no target. */
async function main(words: readonly string[]): Promise<number> {
  const unknown = words.find((word) => findTarget(word) === null);
  if (unknown !== undefined) {
    const known = TARGETS.map(({ file }) => file.replace("larder-linux-", "")).join(", ");
    console.error(`larder is not built for ${JSON.stringify(unknown)}; it is for ${known}`);
    return 2;
  }
  const source = readSourceVersion(process.env);
  const built: BuiltFile[] = [];
  for (const target of words.length === 0 ? TARGETS : TARGETS.filter((each) => words.map(findTarget).includes(each))) {
    const path = join(FOLDER, target.file);
    await buildBinary(target, source, path);
    const bytes = await Bun.file(path).bytes();
    const hash = (algorithm: "sha1" | "sha256") => new Bun.CryptoHasher(algorithm).update(bytes).digest("hex");
    built.push({ target, sha1: hash("sha1"), sha256: hash("sha256") });
    console.log(`${hash("sha256")}  ${target.file}  ${(bytes.length / 1e6).toFixed(1)} MB`);
  }
  const sums = built.map(({ target, sha256 }) => `${sha256}  ${target.file}\n`);
  await Bun.write(join(FOLDER, "SHA256SUMS"), sums.join(""));
  await Bun.write(join(FOLDER, "larder.spdx.json"), composeSpdx(source, built));
  await Bun.write(join(FOLDER, "LICENSES.txt"), composeLicences());
  console.log("dist/: SHA256SUMS, larder.spdx.json and LICENSES.txt are of these files");
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
