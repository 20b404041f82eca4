/** Pulls through larder of what only its upstream, a docker-registry on loopback, has. */
import { join } from "node:path";
import { ACCEPT_MANIFESTS, type Content, type Image, makeImage, pushImage } from "./content.ts";
import type { Lab } from "./lab.ts";
import { pull } from "./load/pull.ts";
import type { ServerProcess } from "./server-process.ts";
import { startDockerRegistry } from "./servers/docker-registry.ts";
import { startLarder } from "./servers/larder.ts";
import { startLink } from "./servers/nginx.ts";

const UPSTREAM_NAME = "registry.example";
const REPOSITORY = "bench/image";
const WARM_UP_BYTES = 32 * 2 ** 20;

/** An upstream registry that holds one image, and counts what is asked of it. */
export type Upstream = {
  /** What clients of the registry talk to: itself, or the line to it. */
  readonly server: ServerProcess;
  readonly image: Image;
  /** The image's layer. */
  readonly layer: Content;
  readonly layerUrl: string;
  /** Another image, with which a larder is warmed up. */
  readonly warmUp: Image;
  /** The requests so far for which `matches` is true of method and path. */
  requests(matches?: (method: string, path: string) => boolean): Promise<number>;
};

/** A larder in front of an upstream. */
export type ColdLarder = { readonly server: ServerProcess; readonly layerUrl: string; readonly image: string };

/** Where skopeo finds the image at a server. `name` is what larder calls the upstream; null at the upstream itself. */
export function imageAt(server: ServerProcess, name: string | null = null): string {
  const prefix = name === null ? "" : `${name}/`;
  return `docker://${server.url.slice("http://".length)}/${prefix}${REPOSITORY}:latest`;
}

/** Starts an upstream whose image has one layer of `layerBytes`, for as long as `work` runs. */
export async function withUpstream<T>(lab: Lab, layerBytes: number, work: (upstream: Upstream) => Promise<T>) {
  return lab.withFolder(async (folder) => {
    const seen: { method: string; path: string }[] = [];
    const server = await startDockerRegistry(lab.programs.dockerRegistry, folder, (line) => {
      const [, method, path] = /"([A-Z]+) (\S+) HTTP/.exec(line) ?? [];
      if (method !== undefined && path !== undefined) seen.push({ method, path });
    });
    try {
      const [image, warmUp] = [makeImage(layerBytes), makeImage(WARM_UP_BYTES)];
      await pushImage(server.url, REPOSITORY, "latest", image);
      await pushImage(server.url, REPOSITORY, "warm-up", warmUp);
      const [layer] = image.layers;
      if (layer === undefined) throw new Error("the image has no layer");
      const requests = async (matches: (method: string, path: string) => boolean = () => true) => {
        await Bun.sleep(100); // The access log comes through a pipe.
        return seen.filter(({ method, path }) => matches(method, path)).length;
      };
      await lab.settle();
      return await work({ server, image, layer, layerUrl: blobUrl(server.url, layer), warmUp, requests });
    } finally {
      await server.stop();
    }
  });
}

/** A larder with nothing of the image, which has pulled another one before: what is measured is not its start. */
export async function withColdLarder<T>(lab: Lab, upstream: Upstream, work: (larder: ColdLarder) => Promise<T>) {
  return lab.withFolder(async (folder) => {
    const server = await startLarder(join(folder, "data"), { name: UPSTREAM_NAME, url: upstream.server.url });
    try {
      const registry = `${server.url}/v2/${UPSTREAM_NAME}`;
      await getManifest(`${registry}/${REPOSITORY}/manifests/warm-up`);
      for (const { bytes, digest } of upstream.warmUp.layers) {
        await pull(`${registry}/${REPOSITORY}/blobs/${digest}`, bytes.byteLength);
      }
      await lab.settle();
      const layerUrl = `${registry}/${REPOSITORY}/blobs/${upstream.layer.digest}`;
      return await work({ server, layerUrl, image: imageAt(server, UPSTREAM_NAME) });
    } finally {
      await server.stop();
    }
  });
}

/** The same upstream, at the other end of a line that carries `bytesPerSecond` for each answer. */
export async function withLink<T>(
  lab: Lab,
  upstream: Upstream,
  bytesPerSecond: number,
  work: (upstream: Upstream) => Promise<T>,
) {
  return lab.withFolder(async (folder) => {
    const server = await startLink(lab.programs.nginx, folder, upstream.server, bytesPerSecond);
    try {
      return await work({ ...upstream, server, layerUrl: blobUrl(server.url, upstream.layer) });
    } finally {
      await server.stop();
    }
  });
}

async function getManifest(url: string): Promise<void> {
  const response = await fetch(url, { headers: { accept: ACCEPT_MANIFESTS } });
  if (!response.ok) throw new Error(`status ${response.status} of ${url}: ${await response.text()}`);
  await response.arrayBuffer();
}

function blobUrl(registry: string, { digest }: Content): string {
  return `${registry}/v2/${REPOSITORY}/blobs/${digest}`;
}
