import { expect } from "bun:test";
import { contentOf, type ManifestContent, TYPE } from "./content-factory.ts";
import { send } from "./registry-client.ts";

const ACCEPT = { Accept: Object.values(TYPE).join(", ") };

/** GET and HEAD of the reference give exactly the manifest that was pushed. */
export async function expectServed(url: string, manifest: ManifestContent): Promise<void> {
  for (const method of ["GET", "HEAD"]) {
    const reply = await send(method, url, { headers: ACCEPT });
    expect(reply.status, `${method} ${url}: ${reply.text}`).toBe(200);
    expect(reply.headers.get("content-type")).toBe(manifest.mediaType);
    expect(reply.headers.get("content-length")).toBe(String(manifest.bytes.length));
    expect(reply.headers.get("docker-content-digest")).toBe(manifest.digest);
    if (method === "GET") expect(contentOf(reply.bytes).digest).toBe(contentOf(manifest.bytes).digest);
    else expect(reply.bytes.length).toBe(0);
  }
}
