import { tagOf, tryParseImageName } from "../images/image-name.ts";
import type { SourceImage } from "../images/image-source.ts";
import { CommandFailure } from "../lib/command/command-io.ts";

/**
 * The one image that is meant of those in an archive: the one that `wanted` names, `NAME[:TAG]`, or the only one; of several
 * tags of one name `latest`. `where` is the archive, for the CommandFailure that else is thrown and lists them.
 */
export function chooseOfArchive(images: readonly SourceImage[], wanted: string | null, where: string): SourceImage {
  const named = wanted === null ? images : images.filter(({ name }) => name !== null && isMeant(name, wanted));
  const [first] = named;
  if (first === undefined) throw refused(`${where} holds no image ${JSON.stringify(wanted)}`, images);
  if (named.length === 1) return first;
  if (new Set(named.map(({ name }) => pathOf(name ?? ""))).size > 1) throw refused("several images found", images);
  const latest = named.find(({ name }) => name !== null && tagOf(name) === "latest");
  if (latest !== undefined) return latest;
  throw refused("several tags found", named);
}

function refused(what: string, images: readonly SourceImage[]): CommandFailure {
  const names = images.map(({ name }) => name ?? "(one without a name)");
  return new CommandFailure(1, `${what}, use option --image with one of:\n\n${names.join("\n")}`);
}

/** Is an image of this name meant by `wanted`, whose tag counts if it has one? */
function isMeant(name: string, wanted: string): boolean {
  const hasTag = /:[^/]*$/.test(wanted);
  const asked = hasTag ? wanted : `${wanted}:latest`;
  if (pathOf(name) !== pathOf(asked)) return false;
  return !hasTag || tagOf(name) === tagOf(asked);
}

/** The name without its tag, in its one spelling. */
function pathOf(name: string): string {
  const reference = tryParseImageName(name);
  return reference === null ? name : `${reference.namespace}/${reference.path}`;
}
