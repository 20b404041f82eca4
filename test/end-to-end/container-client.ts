import { join } from "node:path";
import { type Digest, parseDigest } from "../../src/oci/digest.ts";
import type { BuiltImage } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";

/** What a client says that it holds after a pull. */
export type HeldImage = {
  /** Of what the tag led to: the index, or the manifest when there is no index. */
  readonly digest: Digest;
  /** Of the image's config, for this machine's platform. Docker and podman call it the image's id. */
  readonly configDigest: Digest;
};

/** A real, unmodified container client on a host of the lab. Images are named in full: `quay.io/team/app:1`. */
export type ContainerClient = {
  readonly name: string;
  /** Fetches an image and unpacks it. Throws `CommandFailed` with all that the client said. */
  pull(image: string): Promise<HeldImage>;
  /** The SHA-256 of files in the unpacked root file system of an image that was pulled, in the order of `paths`. */
  digestsOfFiles(image: string, paths: readonly string[]): Promise<Digest[]>;
  /** Takes an image from disk, under the given name. Returns its config's digest as this client stores it. */
  load(built: BuiltImage, image: string): Promise<Digest>;
  /** Sends an image that was loaded to the registry of its name. Throws `CommandFailed` with all that the client said. */
  push(image: string): Promise<void>;
  /** Forgets all images, with their content. */
  forgetAll(): Promise<void>;
};

/** How a client is told about registries; each driver turns this into its own client's files. */
export type RegistrySettings = {
  /** Hosts that speak plain HTTP: `quay.io`, `192.0.2.1:5000`. */
  readonly plainHttp: readonly string[];
  /** Upstream host to the host and port of the plain HTTP registry that stands in for it. */
  readonly mirrors: Readonly<Record<string, string>>;
};

/** The digests of files under a folder that a host sees. */
export async function digestsUnder(host: LabHost, root: string, paths: readonly string[]): Promise<Digest[]> {
  const lines = await host.exec(["sha256sum", ...paths.map((path) => join(root, path))]);
  return lines
    .trim()
    .split("\n")
    .map((line) => readDigest(line.slice(0, 64)));
}

/** Reads `sha256:…` or bare hexadecimal digits, with white space around. */
export function readDigest(text: string): Digest {
  const trimmed = text.trim();
  return parseDigest(trimmed.includes(":") ? trimmed : `sha256:${trimmed}`);
}
