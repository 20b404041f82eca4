/** Charts in OCI registries. Source: Helm v3.18, "Use OCI-based registries": one layer is the chart's archive. */
import { parseManifest } from "../../oci/manifest.ts";
import { digestOf, algorithmOf, tryParseDigest } from "../../oci/digest.ts";
import type { RepositoryPath } from "../../oci/repository-name.ts";
import { type Tag, tryParseTag } from "../../oci/tag.ts";
import type { BlobSource, ManifestSource, TagSource } from "../../upstream/registry-client.ts";
import { readWhole } from "../../upstream/transport/response-body.ts";
import { chooseVersion, isExactVersion, isVersionRange } from "./choose-version.ts";

/** What charts are read from. */
export type ChartRegistry = ManifestSource & BlobSource & TagSource;

/** A chart's archive and the tag or digest that it has. */
export type OciChart = { readonly archive: Uint8Array; readonly reference: string };

const CHART_LAYERS = [
  "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
  // Helm 3.0 to 3.6 wrote this one.
  "application/tar+gzip",
];
const ARCHIVE_BYTES = 32 * 1024 * 1024;

/** Fetches a chart; null when the registry does not have it. Throws for what is no chart, and `UpstreamError`s. */
export async function fetchOciChart(
  registry: ChartRegistry,
  path: RepositoryPath,
  version: string | null,
  signal: AbortSignal,
): Promise<OciChart | null> {
  const reference = await referenceOf(registry, path, version, signal);
  const manifest = reference === null ? null : await registry.getManifest(path, reference, { signal });
  if (reference === null || manifest === null) return null;
  const { layers } = parseManifest(manifest.bytes, manifest.mediaType);
  const layer = layers.find(({ mediaType }) => CHART_LAYERS.includes(mediaType));
  if (layer === undefined) throw new Error(`${path}:${reference} is no chart`);
  if (layer.size > ARCHIVE_BYTES) throw new Error(`the chart is too large (${layer.size} bytes)`);
  const blob = await registry.getBlob(path, layer.digest, { signal });
  if (blob === null) throw new Error(`the registry lacks the content of ${path}:${reference}`);
  const archive = await readWhole(blob.body, ARCHIVE_BYTES, `the chart ${path}:${reference}`);
  if (digestOf(archive, algorithmOf(layer.digest)) !== layer.digest) {
    throw new Error(`the content of ${path}:${reference} does not have the digest that its manifest says`);
  }
  return { archive, reference };
}

/** The tag or digest that a version means. Tags hold no plus sign: Helm writes `_` for it. */
async function referenceOf(registry: TagSource, path: RepositoryPath, version: string | null, signal: AbortSignal) {
  const digest = version === null ? null : tryParseDigest(version);
  if (digest !== null) return digest;
  if (version !== null && (isExactVersion(version) || !isVersionRange(version))) return toTag(version);
  const list = await registry.listTags(path, { signal });
  if (list === null) return null;
  const { tags } = list;
  const chosen = chooseVersion(
    tags.map((tag) => tag.replaceAll("_", "+")),
    version,
  );
  if (chosen === null)
    throw new Error(`none of its ${tags.length} tags is a version in ${JSON.stringify(version ?? "*")}`);
  return toTag(chosen);
}

function toTag(version: string): Tag {
  const tag = tryParseTag(version.replaceAll("+", "_"));
  if (tag === null) throw new Error(`${JSON.stringify(version.slice(0, 100))} is no version`);
  return tag;
}
