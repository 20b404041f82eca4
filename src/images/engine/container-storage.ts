/**
 * The images that Podman, Buildah, CRI-O and skopeo share on a machine (`containers-storage:`). Nothing but their own code
 * may touch that storage, so that one of these programs is asked, as the user that larder runs as:
 *
 *     podman image exists NAME · podman save NAME · podman load
 *     skopeo copy containers-storage:NAME oci-archive:FILE, and docker-archive:FILE containers-storage:NAME
 *
 * They save OCI archives: of an image that came with zstd layers Podman 4 can make no Docker archive.
 */
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { readFileRange } from "../files/read-file-range.ts";
import type { Spool } from "../files/spool-file.ts";
import { streamFrom } from "../files/stream-from.ts";
import { writePieces } from "../files/write-file.ts";
import type { ImageEngine } from "./image-engine.ts";
import { runProgram, streamOfProgram } from "./run-program.ts";

/** Which storage, and which image of it. `store` is as containers-transports(5) has it, `[overlay@ROOT+RUN]`; null: the usual one. */
export type StoredImage = { readonly store: string | null; readonly name: string };

/**
 * The storage, by the program that is there. Throws UNSUPPORTED when there is none, BAD_REQUEST for a store that Podman cannot
 * be told of.
 */
export function openContainerStorage(image: StoredImage, spool: Spool, path: string): ImageEngine {
  const podman = Bun.which("podman", { PATH: path });
  if (podman !== null) return new PodmanStorage([podman, ...podmanFlags(image.store)], spool.signal);
  const skopeo = Bun.which("skopeo", { PATH: path });
  if (skopeo !== null) return new SkopeoStorage(skopeo, image, spool);
  throw new RegistryError(
    "UNSUPPORTED",
    "containers-storage: is read and written by podman or skopeo, and neither is on this machine's PATH",
  );
}

class PodmanStorage implements ImageEngine {
  readonly #podman: readonly string[];
  readonly #signal: AbortSignal;

  constructor(podman: readonly string[], signal: AbortSignal) {
    this.#podman = podman;
    this.#signal = signal;
  }

  async saveImage(name: string): Promise<ReadableStream<Uint8Array> | null> {
    const { status, errors } = await runProgram([...this.#podman, "image", "exists", "--", name], null, this.#signal);
    if (status === 1) return null;
    if (status !== 0) throw failed("podman", `did not say whether it has ${name}`, errors);
    const argv = [...this.#podman, "save", "--format", "oci-archive", "--", name];
    return streamOfProgram(argv, this.#signal, (said) => failed("podman", `did not save ${name}`, said));
  }

  async loadImages(archive: ReadableStream<Uint8Array>): Promise<void> {
    const { status, errors } = await runProgram([...this.#podman, "load", "--quiet"], archive, this.#signal);
    if (status !== 0) throw failed("podman", "did not load the image", errors);
  }
}

class SkopeoStorage implements ImageEngine {
  readonly #skopeo: string;
  readonly #place: string;
  readonly #spool: Spool;

  constructor(skopeo: string, { store, name }: StoredImage, spool: Spool) {
    this.#skopeo = skopeo;
    this.#place = `containers-storage:${store ?? ""}${name}`;
    this.#spool = spool;
  }

  async saveImage(name: string): Promise<ReadableStream<Uint8Array> | null> {
    return this.#inFile(async (file) => {
      const argv = [this.#skopeo, "copy", "--quiet", this.#place, `oci-archive:${file}`];
      const { status, errors } = await runProgram(argv, null, this.#spool.signal);
      if (status !== 0 && /does not resolve to an image|identifier is not an image/.test(errors)) return null;
      if (status !== 0) throw failed("skopeo", `did not save ${name}`, errors);
      const handle = await open(file, "r");
      const { size } = await handle.stat();
      return streamFrom(closing(readFileRange(handle, 0, size), () => handle.close()));
    });
  }

  async loadImages(archive: ReadableStream<Uint8Array>): Promise<void> {
    await this.#inFile(async (file) => {
      const handle = await open(file, "wx", 0o600);
      try {
        await writePieces(handle, 0, archive);
      } finally {
        await handle.close();
      }
      const argv = [this.#skopeo, "copy", "--quiet", `docker-archive:${file}`, this.#place];
      const { status, errors } = await runProgram(argv, null, this.#spool.signal);
      if (status !== 0) throw failed("skopeo", "did not take the image", errors);
    });
  }

  /** skopeo wants a file with a name; what is open when it is removed can be read all the same. */
  async #inFile<T>(work: (file: string) => Promise<T>): Promise<T> {
    const file = join(this.#spool.directory, `larder-${crypto.randomUUID()}.tar`);
    try {
      return await work(file);
    } finally {
      await rm(file, { force: true });
    }
  }
}

async function* closing(
  pieces: AsyncGenerator<Uint8Array, void, void>,
  close: () => Promise<void>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    yield* pieces;
  } finally {
    await close();
  }
}

/** `[DRIVER@ROOT+RUN:OPTIONS]`, of which every part but the root may be left out. */
function podmanFlags(store: string | null): readonly string[] {
  if (store === null) return [];
  const match = /^\[(?:([a-z0-9]+)@)?(\/[^+:\]]*)(?:\+(\/[^:\]]*))?(?::([^\]]*))?\]$/.exec(store);
  if (match === null) {
    throw new RegistryError(
      "BAD_REQUEST",
      `containers-storage:${quoteBriefly(store)} names no storage: write [DRIVER@ROOT+RUN], as [overlay@/var/lib/containers/storage+/run/containers/storage]`,
    );
  }
  const [, driver, root = "", run, options = ""] = match;
  return [
    `--root=${root}`,
    ...(run === undefined ? [] : [`--runroot=${run}`]),
    ...(driver === undefined ? [] : [`--storage-driver=${driver}`]),
    ...options
      .split(",")
      .filter((option) => option !== "")
      .map((option) => `--storage-opt=${option}`),
  ];
}

function failed(program: string, what: string, errors: string): RegistryError {
  return new RegistryError("UPSTREAM_UNAVAILABLE", `${program} ${what}: ${lastLine(errors)}`);
}

function lastLine(errors: string): string {
  const line = errors.trim().split("\n").at(-1) ?? "";
  return (
    line
      .replace(/^Error: /, "")
      .replace(/^time="[^"]*" level=\w+ msg=/, "")
      .slice(0, 500) || "it did not say why"
  );
}
