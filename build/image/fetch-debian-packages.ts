import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { underFolderLock } from "../../src/lib/files/folder-lock.ts";
import { CHECKOUT } from "../source-version.ts";
import { type DebianPackage, readDebianPackage } from "./debian-package.ts";
import { runTool } from "./run-tool.ts";

/** Where apt keeps its lists between two builds. */
const CACHE = join(CHECKOUT, "node_modules", ".cache", "larder", "apt");

/**
 * The newest packages of these names for a processor. They come from the folder `given`, which has a `.deb` file of each (of
 * several processors, maybe), or, when that is null, from where this machine's apt fetches packages: with lists of its own, so
 * that nothing of the machine changes. Throws an Error that says what is missing.
 */
export async function fetchDebianPackages(
  names: readonly string[],
  architecture: string,
  given: string | null,
): Promise<ReadonlyMap<string, DebianPackage>> {
  const folder = given ?? (await download(names, architecture));
  const packages = await Promise.all(names.map((name) => readNamed(folder, name, architecture)));
  return new Map(packages.map((one) => [one.name, one]));
}

/** Debian's files are `NAME_VERSION_ARCHITECTURE.deb`. */
async function readNamed(folder: string, name: string, architecture: string): Promise<DebianPackage> {
  const fits = (file: string) =>
    file.startsWith(`${name}_`) && (file.endsWith(`_${architecture}.deb`) || file.endsWith("_all.deb"));
  const found = (await readdir(folder)).filter(fits);
  const [file, ...others] = found;
  if (file === undefined || others.length > 0)
    throw new Error(`${folder} must have one ${name}_…_${architecture}.deb, and has ${found.join(", ") || "none"}`);
  return readDebianPackage(join(folder, file));
}

/** Where the packages lie that were fetched last for a processor. */
export function keptPackages(architecture: string): string {
  return join(CACHE, architecture, "packages");
}

async function download(names: readonly string[], architecture: string): Promise<string> {
  const state = join(CACHE, architecture);
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await writeFile(join(state, "status"), "");
  return underFolderLock(state, async () => {
    const packages = keptPackages(architecture);
    await mkdir(packages, { recursive: true });
    const fresh = await mkdtemp(join(state, "fresh-"));
    try {
      const apt = ["apt-get", "--quiet=2", ...optionsOf(state, architecture)];
      await runTool([...apt, "update"]);
      await runTool([...apt, "download", ...names], fresh);
      await replaceFiles(packages, fresh);
    } finally {
      await rm(fresh, { recursive: true });
    }
    return packages;
  });
}

/** Another build may be reading what is there: a file that stays is there at any time. */
async function replaceFiles(folder: string, fresh: string): Promise<void> {
  const files = await readdir(fresh);
  for (const file of files) await rename(join(fresh, file), join(folder, file));
  for (const file of await readdir(folder)) if (!files.includes(file)) await rm(join(folder, file));
}

function optionsOf(folder: string, architecture: string): readonly string[] {
  const options = {
    "Dir::State::lists": join(folder, "lists"),
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": folder,
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::Retries": "2",
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}
