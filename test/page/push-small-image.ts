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
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config: described, layers: [] });
  const manifest = `${url}/v2/${name}/manifests/1`;
  expect((await send("PUT", manifest, { headers: { "Content-Type": MANIFEST_TYPE }, body })).status).toBe(201);
}
