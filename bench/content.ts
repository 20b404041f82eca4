import { createCipheriv, createHash, randomFillSync } from "node:crypto";

const IMAGE_TYPE = "application/vnd.oci.image.manifest.v1+json";
const CONFIG_TYPE = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar";

/** What clients of today accept for a manifest. */
export const ACCEPT_MANIFESTS = [
  IMAGE_TYPE,
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
].join(", ");

export type Content = { readonly bytes: Uint8Array<ArrayBuffer>; readonly digest: string };

/** An image to push. Its layers are random bytes; nothing unpacks them. */
export type Image = { readonly manifest: Content; readonly config: Content; readonly layers: readonly Content[] };

/** An image whose layers are `layerBytes` random bytes each. */
export function makeImage(layerBytes: number, layerCount = 1): Image {
  const layers = Array.from({ length: layerCount }, () => contentOf(randomFillSync(new Uint8Array(layerBytes))));
  return imageAround(layers);
}

function imageAround(layers: readonly Content[]): Image {
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = contentOf(text({ architecture: "amd64", os: "linux", rootfs }));
  const manifest = contentOf(
    text({
      schemaVersion: 2,
      mediaType: IMAGE_TYPE,
      config: describe(config, CONFIG_TYPE),
      layers: layers.map((layer) => describe(layer, LAYER_TYPE)),
    }),
  );
  return { manifest, config, layers };
}

/** The image of a name, the same each time: its layer is made of the name. */
export function imageOf(name: string, layerBytes: number): Image {
  const key = createHash("sha256").update(name).digest();
  const layer = createCipheriv("aes-256-ctr", key, new Uint8Array(16)).update(new Uint8Array(layerBytes));
  return imageAround([contentOf(new Uint8Array(layer))]);
}

/** Pushes an image under a tag. Throws when the registry does not take it. */
export async function pushImage(registry: string, repository: string, tag: string, image: Image): Promise<void> {
  for (const blob of [...image.layers, image.config]) {
    const begun = await send(`${registry}/v2/${repository}/blobs/uploads/`, "POST", null);
    const session = new URL(begun.headers.get("location") ?? "", registry);
    session.searchParams.set("digest", blob.digest);
    await send(session.href, "PUT", blob.bytes);
  }
  await send(`${registry}/v2/${repository}/manifests/${tag}`, "PUT", image.manifest.bytes, IMAGE_TYPE);
}

async function send(url: string, method: string, body: Uint8Array<ArrayBuffer> | null, type?: string) {
  const headers = { "content-type": type ?? "application/octet-stream" };
  const response = await fetch(url, { method, body, headers });
  if (!response.ok) throw new Error(`status ${response.status} of ${method} ${url}: ${await response.text()}`);
  await response.arrayBuffer();
  return response;
}

function contentOf(bytes: Uint8Array<ArrayBuffer>): Content {
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

function text(document: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(document));
}

function describe({ bytes, digest }: Content, mediaType: string) {
  return { mediaType, digest, size: bytes.byteLength };
}
