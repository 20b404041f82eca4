import type { Work } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import type { OfferedImage } from "../../oci/image-offers.ts";
import { chooseImages } from "../../oci/image-walk.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { ImageSource } from "../image-source.ts";
import { incompleteIndex, readManifest } from "./manifest-tree.ts";
import { formatRawIndex, parseRawIndex } from "../raw-index.ts";
import { sourceReader } from "./source-reader.ts";

/** Manifests that are read at once to learn their platforms. */
const JOBS = 6;

/**
 * Makes the manifest that holds the selected part of an image: `root` itself, the manifest of the one platform, or for
 * several platforms a new index, which lists only those and what is attached to them. Only a new index has bytes and a
 * digest that the source does not know. Throws MANIFEST_UNKNOWN, naming the platforms that there are.
 */
export async function narrowImage(
  source: ImageSource,
  root: ManifestContent,
  selection: PlatformSelection,
  work: Work,
): Promise<ManifestContent> {
  if (selection.kind === "all") return root;
  const { chosen, missing } = await chosenOf(source, root, selection, work);
  const [lacking] = missing;
  if (lacking !== undefined) throw incompleteIndex(source, root.digest, lacking);
  if (chosen === "all") return root;
  const [first] = chosen;
  if (first === undefined || chosen.length > 1) return narrowed(root, chosen);
  const content = first.read?.content ?? (await readManifest(source, first.listed.digest));
  return narrowImage(source, content, selection, work);
}

async function chosenOf(source: ImageSource, root: ManifestContent, selection: PlatformSelection, work: Work) {
  try {
    return await chooseImages(root, { reader: sourceReader(source, JOBS, work), selection, work });
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new RegistryError(error.code, `${source.location}: ${error.message}`, { cause: error });
  }
}

/** BuildKit attaches an attestation to the manifest that this annotation names. */
const ATTACHED_TO = "vnd.docker.reference.digest";

/** What further indexes list stands beside what the first one does. */
function narrowed(root: ManifestContent, chosen: readonly OfferedImage[]): ManifestContent {
  const digests = new Set<string>(chosen.map(({ listed }) => listed.digest));
  const path = chosen.flatMap(({ path }) => path.map(({ content }) => [content.digest, content] as const));
  const indexes = [root, ...new Map(path).values()].map(({ bytes }) => parseRawIndex(bytes));
  const manifests = indexes
    .flatMap((index) => index.manifests)
    .filter(({ digest, annotations }) => digests.has(digest) || digests.has(annotations?.[ATTACHED_TO] ?? ""));
  const [first] = indexes;
  const bytes = formatRawIndex({ ...(first ?? parseRawIndex(root.bytes)), manifests });
  return { bytes, mediaType: root.mediaType, digest: digestOf(bytes) };
}
