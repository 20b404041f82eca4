import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bundlePage } from "../src/http/web/bundle-page.ts";
import { PAGE_ARCHIVE, packPage } from "../src/http/web/page-archive.ts";
import { composeLicences } from "./contents/licences.ts";
import { placeRuntime } from "./runtime.ts";
import { CHECKOUT, type SourceVersion } from "./source-version.ts";
import type { Target } from "./target.ts";

/**
 * Compiles larder for a target into one file at `path`: the page, the runtime and everybody's licences included.
 * The bytes depend on the checkout, the version and the runtime alone. Throws an Error with the compiler's words.
 */
export async function buildBinary(target: Target, source: SourceVersion, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const folder = await mkdtemp(join(dirname(path), ".building-"));
  try {
    // The name of the file is in its bytes, and so is the folder in which the compiler runs.
    const staged = join(folder, "larder");
    await Bun.write(join(folder, LICENCES_FILE), composeLicences());
    await Bun.write(join(folder, PAGE_ARCHIVE), packPage(await bundlePage()));
    await compile(target, await placeRuntime(target, folder), source, staged);
    await rename(staged, path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** As `larder version --licenses` finds it. */
const LICENCES_FILE = "LICENSES.txt";

async function compile(target: Target, runtime: string, source: SourceVersion, outfile: string): Promise<void> {
  const defines = {
    LARDER_BUILD_FILE: JSON.stringify(target.file),
    LARDER_BUILD_COMMIT: JSON.stringify(source.commit),
    LARDER_BUILD_DATE:
      source.dateSeconds === 0 ? "null" : JSON.stringify(new Date(source.dateSeconds * 1000).toISOString()),
  };
  const built = Bun.spawn(
    [
      process.execPath,
      "build",
      "--compile",
      // What the program asks of its machine (`process.arch`) is answered by the compiler.
      `--target=${target.file.replace("larder", "bun")}`,
      `--compile-executable-path=${runtime}`,
      "--minify",
      "--bytecode",
      "--format=esm",
      "--splitting",
      "--no-compile-autoload-dotenv",
      "--no-compile-autoload-bunfig",
      "--compile-exec-argv=--use-system-ca",
      ...Object.entries(defines).map(([name, value]) => `--define=${name}=${value}`),
      ...[LICENCES_FILE, PAGE_ARCHIVE].map((name) => `--asset=${join(dirname(outfile), name)}`),
      "src/main.ts",
      `--outfile=${outfile}`,
    ],
    { cwd: CHECKOUT, stdout: "pipe", stderr: "pipe" },
  );
  const [words, status] = await Promise.all([new Response(built.stderr).text(), built.exited]);
  if (status !== 0) throw new Error(`larder did not compile:\n${words}`);
}
