import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readTar } from "../src/lib/tar/read-tar.ts";
import { type LockedPackage, readLockedPackage } from "./lock-file.ts";
import { CHECKOUT } from "./source-version.ts";
import { hostTarget, type Target } from "./target.ts";

/**
 * Puts the runtime of a target into `folder`, and returns its path: for the machine that builds the one that runs (no
 * network is needed), for others the one of the npm package that package-lock.json pins, from the registry that npm is
 * configured for. Throws an Error when it cannot be had, or is not the one that was pinned.
 */
export async function placeRuntime(target: Target, folder: string): Promise<string> {
  const pinned = readLockedPackage(target.runtimePackage);
  if (target === hostTarget()) {
    if (Bun.version !== pinned.version)
      throw new Error(`larder is built with Bun ${pinned.version}, and this is ${Bun.version}: run 'npm run build'`);
    return process.execPath;
  }
  const path = join(folder, "bun");
  await Bun.write(path, await readProgram(await fetchPackage(pinned)), { mode: 0o755 });
  return path;
}

/** The archive of a package, as often as it is asked for from the cache, and each time checked. */
async function fetchPackage(pinned: LockedPackage): Promise<Uint8Array<ArrayBuffer>> {
  const kept = join(CACHE, `${pinned.name.replace(/^.*\//, "")}-${pinned.version}.tgz`);
  const file = Bun.file(kept);
  if (await file.exists()) {
    const bytes = await file.bytes();
    if (isPinned(bytes, pinned)) return bytes;
  }
  const packed = await npmPack(pinned);
  const bytes = await Bun.file(packed.path).bytes();
  try {
    if (!isPinned(bytes, pinned))
      throw new Error(`${pinned.name} ${pinned.version} is not what package-lock.json pins (${pinned.integrity})`);
    await rename(packed.path, kept);
  } finally {
    await rm(packed.folder, { recursive: true });
  }
  return bytes;
}

/** `npm ci` empties it with all of node_modules; npm's own cache spares the network then. */
const CACHE = join(CHECKOUT, "node_modules", ".cache", "larder");

/** Asks npm, since npm knows its registries, proxies, certificates and credentials. */
async function npmPack({ name, version }: LockedPackage): Promise<{ readonly folder: string; readonly path: string }> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, "fetching-"));
  const npm = Bun.spawn(
    ["npm", "pack", `${name}@${version}`, "--prefer-offline", "--silent", `--pack-destination=${folder}`],
    { cwd: CHECKOUT, stdout: "ignore", stderr: "pipe" },
  );
  const [words, status] = await Promise.all([new Response(npm.stderr).text(), npm.exited]);
  const [file] = await readdir(folder);
  if (status === 0 && file !== undefined) return { folder, path: join(folder, file) };
  await rm(folder, { recursive: true });
  throw new Error(`npm could not fetch ${name} ${version}:\n${words}`);
}

function isPinned(bytes: Uint8Array, { integrity }: LockedPackage): boolean {
  return integrity === `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
}

async function readProgram(archive: Uint8Array<ArrayBuffer>): Promise<Blob> {
  for await (const { entry, body } of readTar(new Blob([Bun.gunzipSync(archive)]).stream())) {
    if (entry.path === "package/bin/bun" && body !== null)
      return new Blob(await Array.fromAsync(body, (part) => part.slice()));
  }
  throw new Error("the package of the runtime has no bin/bun");
}
