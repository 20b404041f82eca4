/** `npm run build`: larder as one file for each kind of machine, in dist/; `npm run build -- x64 arm64-musl` for some. */
import { join } from "node:path";
import { buildBinary } from "./build-binary.ts";
import { CHECKOUT, readSourceVersion } from "./source-version.ts";
import { findTarget, TARGETS } from "./target.ts";

/** Builds for the targets that are named, for all when none is. Returns the exit status: 2 a word that is no target. */
async function main(words: readonly string[]): Promise<number> {
  const unknown = words.find((word) => findTarget(word) === null);
  if (unknown !== undefined) {
    const known = TARGETS.map(({ file }) => file.replace("larder-linux-", "")).join(", ");
    console.error(`larder is not built for ${JSON.stringify(unknown)}; it is for ${known}`);
    return 2;
  }
  const source = readSourceVersion(process.env);
  for (const target of words.length === 0 ? TARGETS : TARGETS.filter((each) => words.map(findTarget).includes(each))) {
    const path = join(CHECKOUT, "dist", target.file);
    await buildBinary(target, source, path);
    const hash = new Bun.CryptoHasher("sha256").update(await Bun.file(path).bytes()).digest("hex");
    console.log(`${hash}  ${target.file}  ${(Bun.file(path).size / 1e6).toFixed(1)} MB`);
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
