/** A larder that pulls through from an upstream that misbehaves on command, and a client of both. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Image, makeImage } from "../conformance/content-factory.ts";
import { type LarderOptions, type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { RawConnection } from "../conformance/raw-http.ts";
import { type Reply, send, withQuery } from "../conformance/registry-client.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";

/** The host that larder stands in for. */
export const HOST = "upstream.test";
/** The repository of most tests. */
export const PATH = "team/app";

export class PullThrough {
  readonly upstream: MisbehavingUpstream;
  larder: LarderProcess;
  readonly #options: LarderOptions;

  private constructor(upstream: MisbehavingUpstream, larder: LarderProcess, options: LarderOptions) {
    this.upstream = upstream;
    this.larder = larder;
    this.#options = options;
  }

  /** `arguments` are further ones of `larder serve`. */
  static async start(options: LarderOptions = {}): Promise<PullThrough> {
    const upstream = await MisbehavingUpstream.start();
    const more = ["--upstream", `${HOST}=${upstream.url}`, "--open", ...(options.arguments ?? [])];
    const full = { ...options, arguments: more };
    return new PullThrough(upstream, await startLarder(full), full);
  }

  async stop(): Promise<void> {
    await this.upstream.stop();
    // A larder that is asked to end lets transfers end first, and some of these tests leave them hanging.
    await this.larder.kill();
    await rm(this.larder.dataFolder, { recursive: true, force: true });
  }

  /** Kills larder in the midst of its work and starts it again on the same folder, with `more` arguments. */
  async restart(...more: readonly string[]): Promise<void> {
    const { dataFolder } = this.larder;
    await this.larder.kill();
    const given = [...(this.#options.arguments ?? []), ...more];
    this.larder = await startLarder({ ...this.#options, dataFolder, arguments: given });
  }

  blobUrl(digest: string, path = PATH, host = HOST): string {
    return withQuery(`${this.larder.url}/v2/${path}/blobs/${digest}`, "ns", host);
  }

  manifestUrl(reference: string, path = PATH, host = HOST): string {
    return withQuery(`${this.larder.url}/v2/${path}/manifests/${reference}`, "ns", host);
  }

  /** Pulls a manifest by tag or digest. */
  manifest(reference: string, path = PATH): Promise<Reply> {
    return send("GET", this.manifestUrl(reference, path));
  }

  /**
   * When this resolves, larder has taken all requests (and farewells) that were sent before: connections and requests
   * come to it in the order in which they were made, and the second of these was made when the first had come.
   */
  async takesWhatWasSent(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      await send("GET", `${this.larder.url}/v2/`, { headers: { Connection: "close" } });
    }
  }

  /** A new image at upstream. */
  addImage(tag?: string): Image {
    const image = makeImage();
    this.upstream.addImage(image, tag);
    return image;
  }

  /** Paths of the files in a folder of larder's data. */
  async files(folder: "uploads" | "blobs"): Promise<readonly string[]> {
    const under = join(this.larder.dataFolder, folder);
    const found = await readdir(under, { recursive: true, withFileTypes: true }).catch(() => []);
    return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }
}

/** How an answer ended: whole, as HTTP counts it, or broken off. */
export async function endingOf(url: string, limitMs = 10_000): Promise<{ status: number; end: "whole" | "reset" }> {
  const { host, pathname, search } = new URL(url);
  const connection = await RawConnection.open(url);
  try {
    await connection.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    if (!(await connection.isClosed(limitMs))) throw new Error(`the connection is still open after ${limitMs} ms`);
    const { status, headers, body, wire } = await connection.answer();
    const stated = headers.get("content-length");
    const isWhole = stated === undefined ? wire.includes("\r\n0\r\n\r\n") : body.byteLength >= Number(stated);
    return { status, end: isWhole ? "whole" : "reset" };
  } finally {
    connection.destroy();
  }
}
