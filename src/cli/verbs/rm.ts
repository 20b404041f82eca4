import { Command } from "commander";
import type * as v from "valibot";
import type { ListedImage } from "../../admin/image-schemas.ts";
import { formatReference } from "../../oci/reference.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import { parseImageName, parseImageNames } from "../../registry/names/image-name.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";
import { confirm } from "../confirm.ts";
import { failingPlainly, readArgument } from "../failing-plainly.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { removedImages } from "../json/image-results.ts";
import { writeJson } from "../json/write-json.ts";
import type { ImageRegistry } from "../../remote/image-registry.ts";
import { addConnectionOptions, connect, connectLarder } from "../registry-connection.ts";
import { findMatching, removeMatching } from "../remove-matching.ts";

type Flags = {
  readonly registry?: string;
  readonly force?: true;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly json?: true;
};

/** What became of an image: by its full name, or by the name that was given when there was none. */
type Removal = v.InferOutput<typeof removedImages>[number];

/** `larder rm IMAGE…`: removes tags or digests, or all tags that a pattern matches. */
export function rmCommand(io: CommandIo): Command {
  const command = new Command("rm")
    .description(
      "Remove a tag, or a manifest by its digest, with what only it held. A pushed tag that covers a cached one uncovers\n" +
        "it. A name without a registry means what was pushed here first, then Docker Hub's, or what `unqualified` of the\n" +
        "server's settings says. The space is given back in the background, or at once by `larder gc`.\n\n" +
        "A pattern has stars, and stands in quotes so that the shell leaves it alone: * is any characters but slashes, **\n" +
        "any at all. Without a registry it means local/. It matches tags, those of whole names when it has no tag of its\n" +
        "own, never what has no tag (`larder ls --untagged`). What it matches is shown, and removed when you say yes.",
    )
    .argument("<image...>", "nginx:1.27, quay.io/coreos/etcd@sha256:…, local/myapp:1, 'team/*:pr-*'")
    .option("--force", "also what an immutable tag leads to, for those who administer larder")
    .option("--yes", "remove what a pattern matches without asking")
    .option("--dry-run", "only say what would be removed")
    .option("--json", "what was removed, as JSON");
  return addConnectionOptions(command).action((images: string[], flags: Flags) =>
    failingPlainly(io.signal, async () => {
      const isPattern = (text: string) => text.includes("*");
      for (const image of images) readArgument(() => (isPattern(image) ? parseImagePattern : parseImageName)(image));
      const patterns = images.filter(isPattern);
      const names = images.filter((image) => !isPattern(image));
      const removals = [
        ...(patterns.length === 0 ? [] : await removePatterns(patterns, flags, io)),
        ...(names.length === 0 ? [] : await removeNames(names, flags, io)),
      ];
      if (flags.json === true) writeJson(io.stdout, removedImages, removals);
      if (removals.some(({ status }) => status === "absent" || status === "failed")) throw new CommandFailure(1, "");
    }),
  );
}

async function removeNames(images: readonly string[], flags: Flags, io: CommandIo): Promise<readonly Removal[]> {
  const registry = await connect(flags, io);
  const removals: Removal[] = [];
  for (const image of images) {
    const removal = await (flags.dryRun === true
      ? look(registry, image)
      : remove(registry, image, flags.force === true));
    removals.push(removal);
    tell(removal, io);
  }
  return removals;
}

async function removePatterns(patterns: readonly string[], flags: Flags, io: CommandIo): Promise<readonly Removal[]> {
  const larder = await connectLarder(flags, "rm with a pattern", io);
  const matches = new Map<string, ListedImage>();
  const removals: Removal[] = [];
  for (const pattern of patterns) {
    const found = await findMatching(larder, pattern);
    for (const image of found) matches.set(image.name, image);
    if (found.length > 0) continue;
    removals.push(absent(pattern, `nothing here matches ${parseImagePattern(pattern).text}`));
    io.stderr.write(`${pattern}: nothing here matches ${parseImagePattern(pattern).text}\n`);
  }
  const images = [...matches.values()];
  if (flags.dryRun === true) {
    const would = images.map(({ name }) => wouldGo(name));
    for (const removal of would) tell(removal, io);
    return [...removals, ...would];
  }
  if (images.length > 0 && flags.yes !== true) await ask(images, io);
  const done = await removeMatching(larder, images, flags.force === true, (removal) => tell(removal, io));
  return [...removals, ...done];
}

/** Shows what would go, and goes on with a yes alone. */
async function ask(images: readonly ListedImage[], io: CommandIo): Promise<void> {
  for (const { name, kind, sizeBytes } of images) io.stderr.write(`${name}  ${formatBytes(sizeBytes)}  ${kind}\n`);
  const what = images.length === 1 ? "this image" : `these ${images.length} images`;
  await confirm(`Remove ${what}?`, "--yes removes what a pattern matches, --dry-run says what that is", io);
}

async function remove(registry: ImageRegistry, image: string, isForced: boolean): Promise<Removal> {
  for (const reference of parseImageNames(image, registry.unqualified)) {
    const done = await registry.remove(reference, isForced);
    if (done === null) continue;
    return { image: formatReference(reference), status: "removed", reason: null, warning: done.note || null };
  }
  return absent(image, `it is not at ${registry.host}`);
}

async function look(registry: ImageRegistry, image: string): Promise<Removal> {
  for (const reference of parseImageNames(image, registry.unqualified)) {
    if ((await registry.inspect(reference)) !== null) return wouldGo(formatReference(reference));
  }
  return absent(image, `it is not at ${registry.host}`);
}

function wouldGo(image: string): Removal {
  return { image, status: "would-go", reason: null, warning: null };
}

function absent(image: string, reason: string): Removal {
  return { image, status: "absent", reason, warning: null };
}

function tell({ image, status, reason, warning }: Removal, io: CommandIo): void {
  const words = { removed: "removed", absent: "not there", failed: "not removed", "would-go": "would be removed" };
  const more = status === "failed" ? reason : warning;
  io.stderr.write(`${image}: ${words[status]}${more === null ? "" : `; ${more}`}\n`);
}
