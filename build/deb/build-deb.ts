import { chmod, mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CONFIGURATION_FILE } from "../../src/installation/places.ts";
import { buildBinary } from "../build-binary.ts";
import { DOCUMENTATION, packageContents, packed, text } from "../packages/package-contents.ts";
import { type PackageFile, writeTree } from "../packages/package-file.ts";
import { debianVersion } from "../packages/package-versions.ts";
import { runTool } from "../packages/run-tool.ts";
import { CHECKOUT, type SourceVersion } from "../source-version.ts";
import type { Target } from "../target.ts";
import { controlFile, debianChangelog } from "./control.ts";
import { copyrightFile } from "./copyright-file.ts";
import { LINTIAN_OVERRIDES } from "./lintian-overrides.ts";

/** `small`: takes minutes, in the way that every dpkg can read, unlike zstd, which is no smaller; `quick`: for tests. */
type Packing = "small" | "quick";

/**
 * Builds larder's Debian package for a target into `folder`, and returns its path. The bytes depend on the checkout, the
 * version, the runtime and dpkg-deb alone. Throws an Error that tells what failed.
 */
export async function buildDeb(
  target: Target,
  source: SourceVersion,
  folder: string,
  packing: Packing,
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, ".deb-"));
  const path = join(folder, `larder_${debianVersion(source.version)}_${target.architecture}.deb`);
  try {
    const program = join(work, "larder");
    await buildBinary(target, source, program);
    const root = join(work, "root");
    const files = [...(await packageContents(DEBIAN, target, source, program)), ...(await debianFiles(source))];
    await writeTree(files, root, source.dateSeconds);
    await writeControl(target, source, files, root);
    const how = packing === "small" ? ["-Zxz", "-z6", "--threads-max=2"] : ["-Zgzip", "-z1"];
    runTool(["dpkg-deb", "--build", "--root-owner-group", ...how, root, path], {
      SOURCE_DATE_EPOCH: String(source.dateSeconds),
    });
  } finally {
    await rm(work, { recursive: true });
  }
  return path;
}

const DEBIAN = { zshCompletions: "/usr/share/zsh/vendor-completions" };

async function debianFiles(source: SourceVersion): Promise<readonly PackageFile[]> {
  return [
    text(`${DOCUMENTATION}/copyright`, copyrightFile()),
    packed(`${DOCUMENTATION}/changelog.gz`, await readFile(join(CHECKOUT, "CHANGELOG.md"))),
    packed(`${DOCUMENTATION}/changelog.Debian.gz`, debianChangelog(source)),
    text("/usr/share/lintian/overrides/larder", LINTIAN_OVERRIDES),
  ];
}

/** Control information beside the files, in DEBIAN/, where dpkg-deb looks for it. */
async function writeControl(
  target: Target,
  source: SourceVersion,
  files: readonly PackageFile[],
  root: string,
): Promise<void> {
  const folder = join(root, "DEBIAN");
  const scripts = await Promise.all(["preinst", "postinst", "prerm", "postrm"].map((name) => readScript(name, source)));
  const control: readonly (readonly [name: string, mode: number, content: string])[] = [
    ["control", 0o644, controlFile(target, source, await sizeKib(files, root))],
    ["conffiles", 0o644, `${CONFIGURATION_FILE}\n`],
    ["md5sums", 0o644, await md5sums(files, root)],
    ...scripts.map(([name, content]) => [name, 0o755, content] as const),
  ];
  await mkdir(folder);
  for (const [name, mode, content] of control) {
    await writeFile(join(folder, name), content);
    await chmod(join(folder, name), mode);
    await utimes(join(folder, name), source.dateSeconds, source.dateSeconds);
  }
  await chmod(folder, 0o755);
  await utimes(folder, source.dateSeconds, source.dateSeconds);
}

async function readScript(name: string, { version }: SourceVersion): Promise<readonly [string, string]> {
  const script = await readFile(join(import.meta.dir, `${name}.sh`), "utf8");
  return [name, script.replaceAll("@VERSION@", debianVersion(version))];
}

async function sizeKib(files: readonly PackageFile[], root: string): Promise<number> {
  const sizes = await Promise.all(files.map(async ({ path }) => (await stat(join(root, path))).size));
  return sizes.reduce((sum, size) => sum + Math.ceil(size / 1024), 0);
}

/** Settings are not among them: they are the administrator's. */
async function md5sums(files: readonly PackageFile[], root: string): Promise<string> {
  const lines = files
    .map(({ path }) => path)
    .filter((path) => path !== CONFIGURATION_FILE)
    .sort()
    .map(async (path) => {
      const hash = new Bun.CryptoHasher("md5").update(await Bun.file(join(root, path)).bytes()).digest("hex");
      return `${hash}  ${path.slice(1)}\n`;
    });
  return (await Promise.all(lines)).join("");
}
