import { Command } from "commander";
import { formatReference } from "../../oci/reference.ts";
import { parseImageNames } from "../../registry/names/image-name.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import type { ImageRegistry } from "../../remote/image-registry.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = { readonly registry?: string; readonly json?: true };

/** What became of an image. `removed` is the full name of what was removed, null when there was nothing. */
type Removal = { readonly image: string; readonly removed: string | null; readonly note: string };

/** `larder rm IMAGE…`: removes tags or digests. */
export function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .summary("remove images")
    .description(
      "Remove a tag, or a manifest by its digest, with what only it held. A pushed tag that covers a cached one uncovers\n" +
        "it. A name without a registry means what was pushed here first, then Docker Hub's. The space is given back in\n" +
        "the background, or at once by `larder gc`.",
    )
    .argument("<image...>", "nginx:1.27, quay.io/coreos/etcd@sha256:…, local/myapp:1")
    .option("--json", "what was removed, as JSON");
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      for (const image of images) readArgument(() => parseImageNames(image));
      const registry = await connect(flags, io);
      const removals: Removal[] = [];
      for (const image of images) {
        const removal = await remove(registry, image);
        removals.push(removal);
        const { removed, note } = removal;
        const what = removed === null ? "not there" : `removed${note === "" ? "" : `; ${note}`}`;
        io.stderr.write(`${removed ?? image}: ${what}\n`);
      }
      if (flags.json === true) io.stdout.write(`${JSON.stringify(removals, null, 2)}\n`);
      if (removals.some(({ removed }) => removed === null)) throw new CommandFailure(1, "");
    }),
  );
}

async function remove(registry: ImageRegistry, image: string): Promise<Removal> {
  for (const reference of parseImageNames(image)) {
    const done = await registry.remove(reference);
    if (done !== null) return { image, removed: formatReference(reference), note: done.note };
  }
  return { image, removed: null, note: "" };
}
