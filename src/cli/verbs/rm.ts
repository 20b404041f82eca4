import { Command } from "commander";
import type * as v from "valibot";
import { formatReference } from "../../oci/reference.ts";
import { parseImageName, parseImageNames } from "../../registry/names/image-name.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { removedImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import type { ImageRegistry } from "../../remote/image-registry.ts";
import { addConnectionOptions, connect } from "../registry-connection.ts";

type Flags = { readonly registry?: string; readonly force?: true; readonly json?: true };

/** What became of an image: by its full name, or by the name that was given when there was none. */
type Removal = v.InferOutput<typeof removedImages>[number];

/** `larder rm IMAGE…`: removes tags or digests. */
export function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .description(
      "Remove a tag, or a manifest by its digest, with what only it held. A pushed tag that covers a cached one uncovers\n" +
        "it. A name without a registry means what was pushed here first, then Docker Hub's, or what `unqualified` of the\n" +
        "server's settings says. The space is given back in the background, or at once by `larder gc`.",
    )
    .argument("<image...>", "nginx:1.27, quay.io/coreos/etcd@sha256:…, local/myapp:1")
    .option("--force", "also what an immutable tag leads to, for those who administer larder")
    .option("--json", "what was removed, as JSON");
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      for (const image of images) readArgument(() => parseImageName(image));
      const registry = await connect(flags, io);
      const removals: Removal[] = [];
      for (const image of images) {
        const removal = await remove(registry, image, flags.force === true);
        removals.push(removal);
        const { status, warning } = removal;
        const what = status === "absent" ? "not there" : `removed${warning === null ? "" : `; ${warning}`}`;
        io.stderr.write(`${removal.image}: ${what}\n`);
      }
      if (flags.json === true) writeJson(io.stdout, removedImages, removals);
      if (removals.some(({ status }) => status === "absent")) throw new CommandFailure(1, "");
    }),
  );
}

async function remove(registry: ImageRegistry, image: string, isForced: boolean): Promise<Removal> {
  for (const reference of parseImageNames(image, registry.unqualified)) {
    const done = await registry.remove(reference, isForced);
    if (done === null) continue;
    return { image: formatReference(reference), status: "removed", reason: null, warning: done.note || null };
  }
  return { image, status: "absent", reason: `it is not at ${registry.host}`, warning: null };
}
