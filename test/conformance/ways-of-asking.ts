/** The ways in which clients say which registry they mean: `ns`, the host, a prefix, a path in front. */
import { expect } from "bun:test";
import { freshName, type Image } from "./content-factory.ts";
import { type Reply, send, withQuery } from "./registry-client.ts";

/** A way of asking: for which host, and with which path in front of the repository's. */
export type Way = { readonly host?: string; readonly ns?: string; readonly before?: string; readonly prefix?: string };

export async function ask(registry: string, way: Way, tail: string, method = "GET"): Promise<Reply> {
  const url = `${registry}${way.before ?? ""}/v2/${way.prefix ?? ""}${tail}`;
  return await send(method, way.ns === undefined ? url : withQuery(url, "ns", way.ns), {
    headers: way.host === undefined ? {} : { Host: way.host },
  });
}

/** The tag leads to this image, and its config and layers are there by the same way. */
export async function expectPull(registry: string, way: Way, path: string, tag: string, image: Image): Promise<void> {
  for (const reference of [tag, image.manifest.digest]) {
    const reply = await ask(registry, way, `${path}/manifests/${reference}`);
    expect(reply.status, `${JSON.stringify(way)} ${path}: ${reply.text}`).toBe(200);
    expect(reply.headers.get("docker-content-digest")).toBe(image.manifest.digest);
    expect(reply.bytes).toEqual(image.manifest.bytes);
  }
  for (const blob of image.blobs) {
    const reply = await ask(registry, way, `${path}/blobs/${blob.digest}`);
    expect(reply.status, `blob by ${JSON.stringify(way)}`).toBe(200);
    expect(reply.bytes).toEqual(blob.bytes);
    expect((await ask(registry, way, `${path}/blobs/${blob.digest}`, "HEAD")).status).toBe(200);
  }
}

/** A last component that no other test uses. */
export function freshComponent(): string {
  return freshName().replace("conformance/", "");
}
