/**
 * What `docker save` wrote before Docker 1.10: each layer is an image with a parent.
 *
 *     repositories     {NAME: {TAG: ID}}
 *     ID/json          {"id": ID, "parent"?: ID, "created": …, "config": …, "container_config": …, …}
 *     ID/layer.tar
 *
 * Source: moby image/spec/v1.md, and image/v1/imagev1.go for what of `json` goes into a config.
 */
import * as v from "valibot";
import { type Digest, Digester, digestOf, hexOf, quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type FileTree, readWhole } from "../files/file-tree.ts";
import { inflate } from "../files/inflate.ts";
import type { SourceBlob } from "../image-source.ts";
import { type DockerImage, formatDockerListing } from "./docker-listing.ts";

/** Docker itself took 127 layers; an image's config names each, so both numbers bound the memory. */
const LIMITS = { jsonBytes: 1024 * 1024, layers: 127, images: 4096 };

const repositories = v.record(v.string(), v.record(v.string(), v.string()));
const layerJson = v.looseObject({
  parent: v.nullish(v.string(), ""),
  created: v.optional(v.string()),
  author: v.optional(v.string()),
  comment: v.optional(v.string()),
  container_config: v.nullish(v.looseObject({ Cmd: v.nullish(v.array(v.string()), []) })),
});

/** A layer as the config of an image tells of it. */
type Layer = { readonly id: string; readonly parent: string; readonly diffId: Digest; readonly history: object };

/**
 * An archive of before Docker 1.10 with what later ones have besides: `manifest.json` and the images' configs, always the
 * same for the same archive. Null when it has no `repositories`. Reads each layer once. Throws MANIFEST_INVALID,
 * BLOB_UNKNOWN, or PAYLOAD_TOO_LARGE.
 */
export async function withListing(tree: FileTree): Promise<FileTree | null> {
  const named = await readJson(tree, "repositories", repositories);
  if (named === null) return null;
  const namesOf = new Map<string, string[]>();
  for (const [name, tags] of Object.entries(named)) {
    for (const [tag, id] of Object.entries(tags)) namesOf.set(id, [...(namesOf.get(id) ?? []), `${name}:${tag}`]);
  }
  if (namesOf.size > LIMITS.images) {
    throw invalid(tree, `repositories names ${namesOf.size} images; larder reads ${LIMITS.images} at most`);
  }
  const layers = new Map<string, Layer>();
  const files = new Map<string, Uint8Array>();
  const images: DockerImage[] = [];
  for (const [id, names] of namesOf) {
    const chain = await readChain(tree, id, layers);
    const bytes = await formatConfig(tree, chain);
    const config = `${hexOf(digestOf(bytes))}.json`;
    files.set(config, bytes);
    images.push({ config, names, layers: chain.map((layer) => `${layer.id}/layer.tar`) });
  }
  files.set("manifest.json", new TextEncoder().encode(formatDockerListing(images)));
  return {
    location: tree.location,
    open(path) {
      const made = files.get(path);
      return made === undefined ? tree.open(path) : Promise.resolve(blobOf(made));
    },
    close: () => tree.close(),
  };
}

function blobOf(bytes: Uint8Array): SourceBlob {
  return { sizeBytes: bytes.length, stream: (offset) => Promise.resolve(new Blob([bytes.subarray(offset)]).stream()) };
}

/** The layers of an image, the lowest first. */
async function readChain(tree: FileTree, top: string, known: Map<string, Layer>): Promise<readonly Layer[]> {
  const chain: Layer[] = [];
  for (let id = top; id !== ""; ) {
    if (chain.length === LIMITS.layers) {
      const isLoop = new Set(chain.map((layer) => layer.id)).size < chain.length;
      const why = isLoop ? "its layers are each other's parents" : `it has more than ${LIMITS.layers} layers`;
      throw invalid(tree, `the image ${quoteBriefly(top)} is none: ${why}`);
    }
    const layer = known.get(id) ?? (await readLayer(tree, id));
    known.set(id, layer);
    chain.push(layer);
    id = layer.parent;
  }
  return chain.reverse();
}

async function readLayer(tree: FileTree, id: string): Promise<Layer> {
  // It becomes part of a path.
  if (!/^[0-9a-f]{64}$/.test(id)) throw invalid(tree, `${quoteBriefly(id)} is no layer's ID`);
  const { parent, created, author, comment, container_config } = await readLayerJson(tree, id);
  const path = `${id}/layer.tar`;
  const file = await tree.open(path);
  if (file === null) throw lacking(tree, path);
  const plain = new Digester("sha256");
  for await (const piece of inflate(await file.stream(0), `${path} in ${tree.location}`)) plain.update(piece);
  const words = container_config?.Cmd ?? [];
  const created_by = words.length === 0 ? undefined : words.join(" ");
  return { id, parent: parent ?? "", diffId: plain.digest(), history: { created, created_by, author, comment } };
}

/** What the topmost layer tells is the image's. */
async function formatConfig(tree: FileTree, chain: readonly Layer[]): Promise<Uint8Array> {
  const told = await readLayerJson(tree, chain.at(-1)?.id ?? "");
  const ofLayer = new Set(["id", "parent", "parent_id", "layer_id", "throwaway", "Size", "size", "checksum"]);
  const kept = Object.entries(told).filter(([key]) => !ofLayer.has(key));
  return new TextEncoder().encode(
    JSON.stringify({
      // Docker ran nowhere else when it did not say where.
      architecture: "amd64",
      os: "linux",
      ...Object.fromEntries(kept),
      rootfs: { type: "layers", diff_ids: chain.map(({ diffId }) => diffId) },
      history: chain.map(({ history }) => history),
    }),
  );
}

async function readLayerJson(tree: FileTree, id: string) {
  const path = `${id}/json`;
  const told = await readJson(tree, path, layerJson);
  if (told === null) throw lacking(tree, path);
  return told;
}

async function readJson<T extends v.GenericSchema>(
  tree: FileTree,
  path: string,
  shape: T,
): Promise<v.InferOutput<T> | null> {
  const bytes = await readWhole(tree, path, LIMITS.jsonBytes);
  if (bytes === null) return null;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), shape), new TextDecoder().decode(bytes));
  if (parsed.success) return parsed.output;
  throw invalid(tree, `${path} is not valid: ${parsed.issues[0].message}`);
}

function invalid(tree: FileTree, why: string): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `${tree.location} cannot be read: ${why}`);
}

function lacking(tree: FileTree, path: string): RegistryError {
  return new RegistryError("BLOB_UNKNOWN", `${tree.location} is incomplete: it lacks ${path}`);
}
