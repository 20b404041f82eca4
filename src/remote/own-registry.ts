import { registrySource } from "../images/registry/registry-source.ts";
import type { ImageSource } from "../images/image-source.ts";
import type { Reference } from "../oci/reference.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { connectRegistry } from "./connect-registry.ts";
import { targetOfName } from "./registry-side.ts";

/** The number of blobs of one image that are copied at once. */
export const PARALLEL_BLOBS = 6;

/** The image at the registry that its name says, as this machine reaches it, with this machine's credentials. */
export async function openOwnRegistry(reference: Reference, { environment, signal }: CommandIo): Promise<ImageSource> {
  const side = { plainHttp: false, caFile: null, credentials: null };
  const client = await connectRegistry(await targetOfName(reference.namespace, side, environment), signal);
  return registrySource(client, reference, signal);
}
