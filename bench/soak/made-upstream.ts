import { type Content, type Image, imageOf } from "../content.ts";

const LAYER_BYTES = 512 << 10;
const REMEMBERED = 64;

/** A registry that has every tag: an image is made when it is first asked for, and forgotten when others were. */
export class MadeUpstream {
  readonly #images = new Map<string, Image>();
  readonly #blobs = new Map<string, Content>();
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
    if (kind === "manifests") {
      const { manifest } = this.#imageOf(reference);
      const headers = {
        "Content-Type": "application/vnd.oci.image.manifest.v1+json",
        "Docker-Content-Digest": manifest.digest,
      };
      return new Response(manifest.bytes, { headers });
    }
    const blob = this.#blobs.get(reference);
    if (kind === "blobs" && blob !== undefined) return new Response(blob.bytes);
    return new Response("{}", { status: pathname === "/v2/" ? 200 : 404 });
  }

  #imageOf(tag: string): Image {
    const known = this.#images.get(tag);
    if (known !== undefined) return known;
    const image = imageOf(tag, LAYER_BYTES);
    this.#images.set(tag, image);
    for (const blob of [...image.layers, image.config]) this.#blobs.set(blob.digest, blob);
    for (const [old, { layers, config }] of this.#images) {
      if (this.#images.size <= REMEMBERED) break;
      this.#images.delete(old);
      for (const { digest } of [...layers, config]) this.#blobs.delete(digest);
    }
    return image;
  }
}
