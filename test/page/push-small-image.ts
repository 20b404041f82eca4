import { expect } from "bun:test";
import { send } from "../conformance/registry-client.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Pushes an image of nothing but its config as `NAME:1` to the registry at `url`. */
export async function pushSmallImage(url: string, name: string): Promise<void> {
  const rootfs = { type: "layers", diff_ids: [] };
  const config = JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs });
  const digest = `sha256:${new Bun.CryptoHasher("sha256").update(config).digest("hex")}`;
  await send("POST", `${url}/v2/${name}/blobs/uploads/?digest=${digest}`, {
    headers: { "Content-Type": "application/octet-stream" },
    body: config,
  });
  const described = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: config.length };
  await pushManifest(url, name, { schemaVersion: 2, mediaType: MANIFEST_TYPE, config: described, layers: [] });
}

/** Pushes another image as `NAME:1` so many times, of which `pushSmallImage` has pushed one. */
export async function pushOften(url: string, name: string, times: number): Promise<void> {
  const { text } = await send("GET", `${url}/v2/${name}/manifests/1`, { headers: { Accept: MANIFEST_TYPE } });
  const manifest = JSON.parse(text) as object;
  for (let time = 0; time < times; time += 1) {
    await pushManifest(url, name, { ...manifest, annotations: { mark: crypto.randomUUID() } });
  }
}

async function pushManifest(url: string, name: string, manifest: object): Promise<void> {
  const headers = { "Content-Type": MANIFEST_TYPE };
  const { status } = await send("PUT", `${url}/v2/${name}/manifests/1`, { headers, body: JSON.stringify(manifest) });
  expect(status).toBe(201);
}
