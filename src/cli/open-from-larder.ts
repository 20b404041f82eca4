import type { ImageSource } from "../images/image-source.ts";
import { registrySource } from "../images/registry/registry-source.ts";
import { orAborted } from "../lib/async/or-aborted.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { tryParseNamespace, tryParseRepositoryPath } from "../oci/repository-name.ts";
import { connectAsRegistry } from "./registry-connection.ts";

/** How long larder may take to say whether it has an image: it may have to ask the image's registry. */
const LIMIT_MS = 30_000;

/**
 * The image as larder has it, or fetches it; null when there is no larder, or it has not. Says on standard error why a larder
 * that is there does not give it. `registry` is the value of `--registry`.
 */
export async function openFromLarder(
  reference: Reference,
  registry: string | undefined,
  io: CommandIo,
): Promise<ImageSource | null> {
  // A registry with a port in its name has no place in larder's paths.
  const path = tryParseRepositoryPath(`${reference.namespace}/${reference.path}`);
  if (path === null) return null;
  const limit = AbortSignal.any([io.signal, AbortSignal.timeout(LIMIT_MS)]);
  const flags = registry === undefined ? {} : { registry };
  const found = await orAborted(connectAsRegistry(flags, io), limit).catch((error: unknown) => {
    io.signal.throwIfAborted();
    // A larder that was named has to be there; else it is as good as none.
    if (registry !== undefined) throw error;
    return null;
  });
  const namespace = found === null ? null : tryParseNamespace(found.host);
  if (found === null || namespace === null) return null;
  const source = registrySource(found.client, { ...reference, namespace, path }, io.signal);
  try {
    await orAborted(source.images(), limit);
    return source;
  } catch (error) {
    await source.close();
    io.signal.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    io.stderr.write(
      `larder: ${formatReference(reference)} is asked of its own registry, since larder at ${found.host} does not give it: ${why}\n`,
    );
    return null;
  }
}
