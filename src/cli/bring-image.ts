import type { PlatformList } from "../api/admin.ts";
import type { AdminClient } from "../api/admin-client.ts";
import { type CopyEvent, copyImage } from "../images/copy-image.ts";
import type { PlatformChoice } from "../images/platform-choice.ts";
import { registrySink } from "../images/registry-sink.ts";
import { registrySource } from "../images/registry-source.ts";
import { type Platform, tryParsePlatform } from "../oci/platform.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { type RepositoryPath, tryParseNamespace } from "../oci/repository-name.ts";
import type { CommandIo } from "./command-io.ts";
import { connectRegistry } from "./connect-registry.ts";
import type { Progress } from "./progress.ts";
import { pathsOf, type RegistryConnection } from "./registry-connection.ts";
import { targetOfName } from "./registry-side.ts";

/** What became of an image. `error` is null when it is there now; `fetchedBytes` is 0 when it was there before. */
export type BroughtImage = {
  readonly digest: string | null;
  readonly fetchedBytes: number;
  readonly warning: string | null;
  readonly error: string | null;
};

const PARALLEL_BLOBS = 6;
/** These say that larder could not get the image; then this machine may. Others say that the image is wrong. */
const TRY_FROM_HERE = new Set(["UPSTREAM_UNAVAILABLE", "LOOP_DETECTED", "TOOMANYREQUESTS", "DENIED"]);

/** Brings an image into the registry: larder fetches it, or it is copied from here. Never throws for one image. */
export async function bringImage(
  connection: RegistryConnection,
  reference: Reference,
  platforms: PlatformList,
  progress: Progress,
  io: CommandIo,
): Promise<BroughtImage> {
  const { larder } = connection;
  try {
    if (larder === null) return await copyFromHere(connection, reference, platforms, progress, io);
    const outcome = await askLarder(larder, reference, platforms, progress);
    if (outcome.error === null || !TRY_FROM_HERE.has(outcome.code ?? "")) return outcome;
    return await fallBack(connection, larder, reference, platforms, outcome.error, progress, io);
  } catch (error) {
    io.signal.throwIfAborted();
    if (!(error instanceof RegistryError)) throw error;
    if (larder !== null && TRY_FROM_HERE.has(error.code)) {
      return fallBack(connection, larder, reference, platforms, error.message, progress, io);
    }
    return failed(error.message);
  }
}

async function askLarder(larder: AdminClient, reference: Reference, platforms: PlatformList, progress: Progress) {
  const image = formatReference(reference);
  let digest: string | null = null;
  let warning: string | null = null;
  let fetchedBytes = 0;
  for await (const event of larder.cache({ image, platforms })) {
    switch (event.kind) {
      case "resolved":
        ({ digest, warning } = event);
        break;
      case "blob":
        if (event.state === "fetching")
          progress.begin(key(image, event.digest), label(image, event.digest), event.sizeBytes);
        break;
      case "progress":
        progress.update(key(image, event.digest), event.doneBytes);
        break;
      case "fetched":
        fetchedBytes += event.sizeBytes;
        progress.end(key(image, event.digest), "fetched");
        break;
      case "failed":
        return { ...failed(event.message), code: event.code };
      case "done":
        return { digest, fetchedBytes, warning, error: null, code: null };
      default:
        event satisfies never;
    }
  }
  return { ...failed("larder broke off before the image was there; see its log"), code: "UPSTREAM_UNAVAILABLE" };
}

/** Larder's own failure is what counts when this machine cannot get the image either. */
async function fallBack(
  connection: RegistryConnection,
  larder: AdminClient,
  reference: Reference,
  platforms: PlatformList,
  why: string,
  progress: Progress,
  io: CommandIo,
): Promise<BroughtImage> {
  try {
    const outcome = await copyFromHere(connection, reference, platforms, progress, io);
    const image = formatReference(reference);
    if (outcome.digest !== null && reference.tag !== null) await larder.adopt({ image, digest: outcome.digest });
    return { ...outcome, warning: `larder could not fetch it (${why}), so it was copied from here` };
  } catch (error) {
    io.signal.throwIfAborted();
    if (!(error instanceof RegistryError)) throw error;
    return failed(`${why}; and from here: ${error.message}`);
  }
}

/** Copies the image from its own registry. To larder by its digest alone: a tag of a person's it is not. */
async function copyFromHere(
  connection: RegistryConnection,
  reference: Reference,
  platforms: PlatformList,
  progress: Progress,
  { environment, signal }: CommandIo,
): Promise<BroughtImage> {
  const side = { plainHttp: false, caFile: null, credentials: null };
  const client = await connectRegistry(await targetOfName(reference.namespace, side, environment), signal);
  const source = registrySource(client, reference, signal);
  const [path] = pathsOf(connection, reference);
  const namespace = tryParseNamespace(connection.host) ?? reference.namespace;
  const destination: Reference = {
    namespace,
    path: path ?? (reference.path as RepositoryPath),
    tag: connection.larder === null ? reference.tag : null,
    digest: null,
  };
  const sink = registrySink(connection.client, destination, null, signal);
  const image = formatReference(reference);
  let fetchedBytes = 0;
  const sizes = new Map<string, number>();
  const onEvent = (event: CopyEvent) => {
    if (event.kind === "blob-begins") sizes.set(event.digest, event.sizeBytes);
    if (event.kind === "blob-begins")
      progress.begin(key(image, event.digest), label(image, event.digest), event.sizeBytes);
    if (event.kind === "blob-bytes") progress.update(key(image, event.digest), event.doneBytes);
    if (event.kind === "blob-ends") {
      if (event.outcome === "copied") fetchedBytes += sizes.get(event.digest) ?? 0;
      progress.end(key(image, event.digest), event.outcome === "copied" ? "copied" : "already there");
    }
  };
  const [only] = await source.images();
  if (only === undefined) throw new RegistryError("MANIFEST_UNKNOWN", `${image} is not at ${reference.namespace}`);
  try {
    const copied = await copyImage(source, only, sink, {
      platforms: choiceOf(platforms),
      jobs: PARALLEL_BLOBS,
      referrers: true,
      signal,
      onEvent,
    });
    await sink.close();
    return { digest: copied.digest, fetchedBytes, warning: null, error: null };
  } catch (error) {
    await sink.abort();
    throw error;
  } finally {
    await source.close();
  }
}

function choiceOf(platforms: PlatformList): PlatformChoice {
  if (platforms === "all") return { kind: "all" };
  const parsed = platforms.map(tryParsePlatform).filter((platform): platform is Platform => platform !== null);
  const [first] = parsed;
  return parsed.length === 1 && first !== undefined
    ? { kind: "prefer", platform: first }
    : { kind: "only", platforms: parsed };
}

function failed(error: string): BroughtImage {
  return { digest: null, fetchedBytes: 0, warning: null, error };
}

function key(image: string, digest: string): string {
  return `${image}@${digest}`;
}

function label(image: string, digest: string): string {
  const name = image.slice(image.lastIndexOf("/") + 1);
  return `${name} ${digest.slice(0, "sha256:".length + 12)}`;
}
