import type { RepositoryName } from "../../oci/repository-name.ts";
import type { ClientAgent } from "./client-agent.ts";

/** Whoever pulls or pushes. */
export type TransferClient = {
  readonly who: string | null;
  readonly from: string;
  readonly agent: ClientAgent | null;
};

/** How far an answer has come: bytes that have gone, whether there are more to come. Null: that cannot be told. */
export type Progress = { readonly bytes: number; readonly isOver: boolean };

/** An answer that is on its way, or the part of one. */
export type Part = { readonly sizeBytes: number; progress(): Progress | null; bytes: number };

/** A blob that a client fetches, in one piece or several. */
type Layer = { readonly sizeBytes: number; doneBytes: number; readonly parts: Set<Part> };

/** Where content came from: what is fetched from upstream makes a miss of the whole. */
export type PullSource = "disk" | "upstream" | "stale";

/** More layers than an image has, for whoever asks for very many blobs. */
const LAYERS_LIMIT = 500;

/** What a client fetches out of one repository: an image, as far as one can see. */
export class ClientPull {
  readonly id: string;
  readonly repository: RepositoryName;
  readonly client: TransferClient;
  readonly startedAtMs: number;
  /** The tag or digest that was asked for; null: that was not seen. */
  readonly reference: string | null;
  /** Of the manifest that was answered with; null as `reference`. */
  readonly manifest: string | null;
  source: PullSource = "disk";
  /** What the image has; null: not known, or not yet. */
  image: { readonly layers: number; readonly sizeBytes: number } | null = null;
  isImageAskedFor = false;
  /** When something of it was seen last. */
  lastMs: number;
  readonly #layers = new Map<string, Layer>();

  constructor(told: Pick<ClientPull, "id" | "repository" | "client" | "startedAtMs" | "reference" | "manifest">) {
    ({
      id: this.id,
      repository: this.repository,
      client: this.client,
      startedAtMs: this.startedAtMs,
      reference: this.reference,
      manifest: this.manifest,
    } = told);
    this.lastMs = told.startedAtMs;
  }

  /** Adds an answer of a blob, `sizeBytes` large as a whole. */
  begin(digest: string, sizeBytes: number, part: Part, source: PullSource): void {
    if (source !== "disk" && this.source !== "upstream") this.source = source;
    let layer = this.#layers.get(digest);
    if (layer === undefined) {
      if (this.#layers.size >= LAYERS_LIMIT) return;
      layer = { sizeBytes, doneBytes: 0, parts: new Set() };
      this.#layers.set(digest, layer);
    }
    // What failed or broke off is fetched anew.
    if (layer.parts.size === 0 && layer.doneBytes + part.sizeBytes > layer.sizeBytes) layer.doneBytes = 0;
    layer.parts.add(part);
  }

  /** Notes that an answer has ended, after so many bytes. */
  end(digest: string, part: Part, bytes: number): void {
    const layer = this.#layers.get(digest);
    if (layer?.parts.delete(part) === true) layer.doneBytes = Math.min(layer.sizeBytes, layer.doneBytes + bytes);
  }

  /** Looks how far its answers are, and ends those that are over. */
  look(): void {
    for (const [digest, layer] of this.#layers) {
      for (const part of layer.parts) {
        const progress = part.progress();
        if (progress === null) continue;
        part.bytes = Math.min(part.sizeBytes, Math.max(part.bytes, progress.bytes));
        if (progress.isOver) this.end(digest, part, part.bytes);
      }
    }
  }

  /** Is this answer on its way? */
  holds(digest: string, part: Part): boolean {
    return this.#layers.get(digest)?.parts.has(part) === true;
  }

  /** Is anything of it on its way? */
  get isRunning(): boolean {
    return this.#layers.values().some(({ parts }) => parts.size > 0);
  }

  /** What was there at the last look. */
  get sums(): { readonly bytes: number; readonly sizeBytes: number; readonly layers: number; readonly done: number } {
    const sums = { bytes: 0, sizeBytes: 0, layers: this.#layers.size, done: 0 };
    for (const { sizeBytes, doneBytes, parts } of this.#layers.values()) {
      sums.sizeBytes += sizeBytes;
      let bytes = doneBytes;
      for (const part of parts) bytes += part.bytes;
      sums.bytes += Math.min(sizeBytes, bytes);
      if (parts.size === 0 && doneBytes >= sizeBytes) sums.done++;
    }
    return sums;
  }
}
