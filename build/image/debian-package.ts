import { readTar } from "../../src/lib/tar/read-tar.ts";
import type { TarEntry } from "../../src/lib/tar/tar-entry.ts";
import { runTool } from "./run-tool.ts";

/** A file, folder or link of a package. `path` has no `./` before it and no `/` at its end. */
export type PackagedFile = { readonly path: string; readonly entry: TarEntry; readonly bytes: Uint8Array<ArrayBuffer> };

/** A Debian package, unpacked. */
export type DebianPackage = {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The package's own paragraph (Debian Policy 4.7, section 5.3), with a line feed at its end. */
  readonly control: string;
  readonly files: ReadonlyMap<string, PackagedFile>;
};

/** Reads a `.deb` file, with Debian's own program. Throws an Error with its words. */
export async function readDebianPackage(path: string): Promise<DebianPackage> {
  const control = new TextDecoder().decode(await runTool(["dpkg-deb", "--field", path]));
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(control)?.[1] ?? "";
  return {
    name: field("Package"),
    version: field("Version"),
    architecture: field("Architecture"),
    control,
    files: await readFiles(await runTool(["dpkg-deb", "--fsys-tarfile", path])),
  };
}

async function readFiles(archive: Uint8Array<ArrayBuffer>): Promise<ReadonlyMap<string, PackagedFile>> {
  const files = new Map<string, PackagedFile>();
  for await (const { entry, body } of readTar(new Blob([archive]).stream())) {
    const path = entry.path.replace(/^\.\//, "").replace(/\/$/, "");
    const pieces = body === null ? [] : await Array.fromAsync(body, (piece) => piece.slice());
    files.set(path, { path, entry, bytes: new Uint8Array(Buffer.concat(pieces)) });
  }
  return files;
}
