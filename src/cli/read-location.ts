import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type Location, parseLocation, type SourceLocation, STANDARD_STREAM } from "../images/location.ts";
import { CommandFailure } from "../lib/command/command-io.ts";
import { quoteBriefly } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { readArgument } from "./failing-plainly.ts";

/**
 * A source as it was understood. `hint` says how, where the words could have meant something else, for the failure that
 * may come of that; null when they could not.
 */
export type SourceReading = { readonly location: SourceLocation; readonly hint: string | null };

/** What a name without a transport and without a file means: an image of a registry, or of a container engine. */
export type BareName = "registry" | "daemon";

/**
 * Reads a source as people write it: what `parseLocation` reads, `-` for an archive that comes from standard input, or
 * the path of an archive, an OCI layout or a directory of skopeo's.
 *
 * What could be a path and an image's name is a path when it begins with `.` or `/`, ends with `/`, or ends as archives
 * do and is there. A path may be followed by `:NAME`, as behind a transport. Throws a CommandFailure.
 */
export async function readSource(text: string, bareName: BareName): Promise<SourceReading> {
  if (text === STANDARD_STREAM) return { location: { kind: "archive", path: text, label: null }, hint: null };
  if (isSurelyPath(text)) {
    const found = await findPath(text);
    if (found === null)
      throw new CommandFailure(1, `${text}: there is no such file or folder, or it may not be looked at`);
    return { location: await recognize(found), hint: null };
  }
  if (/^[a-zA-Z][a-zA-Z-]*:\/\//.test(text)) return { location: readArgument(() => parseLocation(text)), hint: null };
  const named = tryRead(() => parseLocation(text));
  if (!(named instanceof RegistryError) && named.kind !== "registry") return { location: named, hint: null };
  const found = await findPath(text);
  if (found !== null && (named instanceof RegistryError || endsAsArchive(found.path))) {
    return {
      location: await recognize(found),
      hint: `${text} was taken for the ${found.isFolder ? "folder" : "file"}`,
    };
  }
  if (named instanceof RegistryError) {
    throw new CommandFailure(2, `${named.message}; nor is there a file of that name`, { cause: named });
  }
  const location = bareName === "registry" ? named : readArgument(() => parseLocation(`docker-daemon:${text}`));
  return { location, hint: hintOfName(text, found) };
}

/**
 * Reads a destination as people write it: what `parseLocation` reads, or the path of a folder that is an OCI layout or a
 * directory of skopeo's. Throws a CommandFailure, for any other path too: it does not say what is to be written.
 */
export async function readDestination(text: string): Promise<Location> {
  const path = text.split(":", 1)[0] ?? text;
  if (!isSurelyPath(text) && !endsAsArchive(path)) return readArgument(() => parseLocation(text));
  const found = isSurelyPath(text) ? await findPath(text) : null;
  if (found?.isFolder === true) return recognizeFolder(found);
  const choices = ["docker-archive", "oci-archive", "oci", "dir"].map((kind) => `${kind}:${path}`);
  throw new CommandFailure(2, `${text} is a path, which does not say what to write there: ${choices.join(", ")}`);
}

/** Does what `reading` is needed for; a failure of it says how the words were understood. */
export async function explaining<T>({ hint }: SourceReading, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (hint === null || !(error instanceof RegistryError)) throw error;
    throw new RegistryError(error.code, `${error.message} (${hint})`, { cause: error });
  }
}

/** A path that is there, with what stands behind it. */
type FoundPath = { readonly path: string; readonly label: string | null; readonly isFolder: boolean };

/** No image's name, and no transport, begins or ends so. */
function isSurelyPath(text: string): boolean {
  return /^[./]/.test(text) || text.endsWith("/");
}

function endsAsArchive(path: string): boolean {
  // `.docker` is what docker2aci's users call what docker save writes.
  return /\.(?:docker|tar(?:\.(?:gz|zst|zstd|xz|bz2))?|tgz|tzst|txz|tbz2?)$/i.test(path);
}

/** A file's name may hold colons, as `nginx:1.27.tar`: the longest part that is there is the path. */
async function findPath(text: string): Promise<FoundPath | null> {
  for (let end = text.length; end > 0; end = text.lastIndexOf(":", end - 1)) {
    const path = text.slice(0, end);
    const status = await statOrNull(path);
    if (status === null) continue;
    const label = end === text.length ? null : text.slice(end + 1);
    if (label === "") throw new CommandFailure(2, `${text}: a name or tag must follow the last colon`);
    return { path, label, isFolder: status.isDirectory() };
  }
  return null;
}

async function statOrNull(path: string) {
  try {
    return await stat(path);
  } catch {
    // Most words are no path at all; what cannot be looked at is as good as not there.
    return null;
  }
}

/** A file is an archive, whose members will say of which kind. */
async function recognize(found: FoundPath): Promise<SourceLocation> {
  return found.isFolder ? recognizeFolder(found) : { kind: "archive", path: found.path, label: found.label };
}

async function recognizeFolder({ path, label }: FoundPath): Promise<Location> {
  const has = async (name: string) => (await statOrNull(join(path, name)))?.isFile() === true;
  if ((await has("oci-layout")) || (await has("index.json"))) return { kind: "oci-layout", path, label };
  if ((await has("version")) && (await has("manifest.json")) && label === null) return { kind: "directory", path };
  if (await has("manifest.json")) {
    throw new CommandFailure(1, `${path} is an unpacked Docker archive; pack it again: tar -C ${path} -cf FILE.tar .`);
  }
  throw new CommandFailure(
    1,
    `${path} holds no image: an OCI layout has the files oci-layout and index.json, a directory of skopeo's version and manifest.json`,
  );
}

/** What a failure should say of a name that was taken for an image's. */
function hintOfName(text: string, found: FoundPath | null): string | null {
  const path = text.split(":", 1)[0] ?? text;
  if (found !== null)
    return `${quoteBriefly(text)} was taken for an image's name; write ./${text} for the ${found.isFolder ? "folder" : "file"}`;
  return endsAsArchive(path)
    ? `${quoteBriefly(text)} was taken for an image's name, since there is no such file`
    : null;
}

function tryRead(read: () => Location): Location | RegistryError {
  try {
    return read();
  } catch (error) {
    if (error instanceof RegistryError) return error;
    throw error;
  }
}
