import { Command } from "commander";
import type { AdminClient } from "../api/admin-client.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { parseImageName } from "../registry/image-name.ts";
import { CommandFailure, type CommandIo } from "./command-io.ts";
import { failingPlainly, readArgument } from "./failing-plainly.ts";
import { addConnectionOptions, connect, pathsOf, type RegistryConnection } from "./registry-connection.ts";

type Flags = { readonly registry?: string };

/** `larder rm IMAGE…`: removes tags or digests. */
export function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .summary("remove images")
    .description(
      "Remove a tag, or a manifest by its digest, with what only it held. A pushed tag that covers a cached one uncovers\n" +
        "it. The space is given back in the background, or at once by `larder gc`.",
    )
    .argument("<image...>", "images");
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const references = images.map((image) => readArgument(() => parseImageName(image)));
      const connection = await connect(flags, io);
      let absent = 0;
      for (const reference of references) {
        const outcome = await remove(connection, reference, io.signal);
        if (outcome === null) absent++;
        io.stderr.write(`${formatReference(reference)}: ${outcome ?? "not there"}\n`);
      }
      if (absent > 0) throw new CommandFailure(1, "");
    }),
  );
}

/** What was done, or null when there was nothing. */
async function remove(
  connection: RegistryConnection,
  reference: Reference,
  signal: AbortSignal,
): Promise<string | null> {
  return connection.larder === null
    ? removeForeign(connection, reference, signal)
    : removeFromLarder(connection.larder, reference);
}

async function removeFromLarder(larder: AdminClient, reference: Reference): Promise<string | null> {
  const { removed, uncovered } = await larder.remove({ image: formatReference(reference) });
  if (removed === null) return null;
  return uncovered ? "removed; the cached one of that name answers again" : "removed";
}

/** Most registries remove by digest alone. */
async function removeForeign(connection: RegistryConnection, reference: Reference, signal: AbortSignal) {
  const { client } = connection;
  for (const path of pathsOf(connection, reference)) {
    const wanted = reference.digest ?? reference.tag;
    const head = wanted === null ? null : await client.headManifest(path, wanted, { signal });
    if (head?.digest == null) continue;
    if (await client.deleteManifest(path, head.digest, { signal })) return "removed";
  }
  return null;
}
