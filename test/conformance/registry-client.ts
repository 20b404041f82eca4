/** A registry's client for tests: thin over `fetch`, it follows nothing, decodes nothing and hides nothing. */
import type { Content, Image, ManifestContent } from "./content-factory.ts";

/** A response with its body read to the end. */
export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
  readonly text: string;
};

export type SendOptions = {
  readonly headers?: Record<string, string>;
  /** A stream goes out in chunked transfer encoding, everything else with its length. */
  readonly body?: Uint8Array<ArrayBuffer> | string | ReadableStream<Uint8Array>;
};

/**
 * The bytes in pieces, so that `fetch` sends them in chunked transfer encoding (it would send a Blob's own stream with
 * its length).
 */
export function inPieces(bytes: Uint8Array<ArrayBuffer>, pieceBytes = 64 * 1024): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + pieceBytes));
      at += pieceBytes;
    },
  });
}

/** The bytes as a body of which `sendRest` lets go what comes behind the first `firstBytes`. */
export function inTwoParts(
  bytes: Uint8Array<ArrayBuffer>,
  firstBytes: number,
): { readonly body: ReadableStream<Uint8Array>; readonly sendRest: () => void } {
  const rest = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytes.slice(0, firstBytes)),
    async pull(controller) {
      await rest.promise;
      controller.enqueue(bytes.slice(firstBytes));
      controller.close();
    },
  });
  return { body, sendRest: rest.resolve };
}

/** One request and its whole answer. */
export async function send(method: string, url: string, options: SendOptions = {}): Promise<Reply> {
  const response = await fetch(url, {
    method,
    redirect: "manual",
    decompress: false,
    headers: options.headers ?? {},
    ...(options.body === undefined ? {} : { body: options.body }),
  });
  const bytes = await response.bytes();
  return { status: response.status, headers: response.headers, bytes, text: new TextDecoder().decode(bytes) };
}

export function blobUrl(registry: string, name: string, digest: string): string {
  return `${registry}/v2/${name}/blobs/${digest}`;
}

/** `reference` is a tag or a digest. */
export function manifestUrl(registry: string, name: string, reference: string): string {
  return `${registry}/v2/${name}/manifests/${reference}`;
}

/** Where an answer's Location leads, as an absolute URL. Throws when it has none. */
export function locationOf(reply: Reply, registry: string): string {
  const location = reply.headers.get("location");
  if (location === null) throw new Error(`no Location in an answer of status ${reply.status}: ${reply.text}`);
  return new URL(location, registry).href;
}

/** A URL with one more query parameter. */
export function withQuery(url: string, key: string, value: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${key}=${encodeURIComponent(value)}`;
}

/** Opens an upload session and returns its absolute URL. `query` comes behind the `?`. */
export async function startUpload(registry: string, name: string, query = ""): Promise<string> {
  const reply = await send("POST", `${registry}/v2/${name}/blobs/uploads/${query === "" ? "" : `?${query}`}`);
  demand(reply, 202, `opening an upload in ${name}`);
  return locationOf(reply, registry);
}

/** Sends a chunk that begins at `offsetBytes`. */
export async function patchChunk(session: string, bytes: Uint8Array<ArrayBuffer>, offsetBytes: number): Promise<Reply> {
  return await send("PATCH", session, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Range": `${offsetBytes}-${offsetBytes + bytes.length - 1}`,
    },
    body: bytes,
  });
}

/** Ends an upload session, with the last bytes if there are any. */
export async function finishUpload(session: string, digest: string, bytes?: Uint8Array<ArrayBuffer>): Promise<Reply> {
  return await send("PUT", withQuery(session, "digest", digest), {
    headers: { "Content-Type": "application/octet-stream" },
    body: bytes ?? new Uint8Array(),
  });
}

/** Pushes a blob by POST and PUT. Throws when the registry does not take it. */
export async function pushBlob(registry: string, name: string, content: Content): Promise<void> {
  const session = await startUpload(registry, name);
  demand(await finishUpload(session, content.digest, content.bytes), 201, `pushing a blob to ${name}`);
}

/** Puts a manifest, by its digest unless `reference` says otherwise, and returns what the registry says. */
export async function putManifest(
  registry: string,
  name: string,
  manifest: ManifestContent,
  reference = manifest.digest,
): Promise<Reply> {
  return await send("PUT", manifestUrl(registry, name, reference), {
    headers: { "Content-Type": manifest.mediaType },
    body: manifest.bytes,
  });
}

/** Puts a manifest. Throws when the registry does not take it. */
export async function pushManifest(
  registry: string,
  name: string,
  manifest: ManifestContent,
  reference = manifest.digest,
): Promise<void> {
  demand(await putManifest(registry, name, manifest, reference), 201, `pushing ${name} ${reference}`);
}

/** Pushes blobs, then the manifest. Throws when the registry does not take one. */
export async function pushImage(registry: string, name: string, image: Image, reference?: string): Promise<void> {
  await Promise.all(image.blobs.map((blob) => pushBlob(registry, name, blob)));
  await pushManifest(registry, name, image.manifest, reference);
}

/** Throws when `reply` is not what a test builds upon. */
function demand(reply: Reply, status: number, attempt: string): void {
  if (reply.status !== status) throw new Error(`${attempt}: status ${reply.status}, not ${status}: ${reply.text}`);
}
