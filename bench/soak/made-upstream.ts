import { imageOf } from "../content.ts";

const LAYER_BYTES = 512 << 10;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** A registry that has every tag: an image is made of its tag each time that it is asked for. */
export class MadeUpstream {
  /** The tag that a blob's image is made of. */
  readonly #tags = new Map<string, string>();
  readonly #server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  #answer(request: Request): Response {
    const { pathname } = new URL(request.url);
    const [, kind = "", reference = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    if (kind === "manifests") return this.#manifest(reference);
    const tag = this.#tags.get(reference);
    if (kind !== "blobs" || tag === undefined) return new Response("{}", { status: pathname === "/v2/" ? 200 : 404 });
    const { layers, config } = imageOf(tag, LAYER_BYTES);
    return new Response([...layers, config].find(({ digest }) => digest === reference)?.bytes ?? null);
  }

  #manifest(tag: string): Response {
    const { manifest, layers, config } = imageOf(tag, LAYER_BYTES);
    for (const { digest } of [...layers, config]) this.#tags.set(digest, tag);
    return new Response(manifest.bytes, {
      headers: { "Content-Type": MANIFEST_TYPE, "Docker-Content-Digest": manifest.digest },
    });
  }
}
