import type { CopiedImage, CopyEvent } from "../images/copy/copy-image.ts";
import { tellNotCarried } from "../images/copy/not-carried.ts";
import type { BlobOutcome } from "../images/image-sink.ts";
import type { CommandOutput } from "../lib/command/command-io.ts";
import type { CompressEvent } from "../images/compress/compress-layers.ts";
import { formatBytes } from "../lib/text/format-bytes.ts";
import { copiedImages } from "./json/image-results.ts";
import { writeJson } from "./json/write-json.ts";
import { Progress } from "./progress.ts";

/** A copied image with the locations that it was copied between. */
export type CopyResult = CopiedImage & { readonly source: string; readonly destination: string };

function jsonOf({ name, bytesCopied, blobs, ...rest }: CopyResult) {
  const status = blobs.copied > 0 ? ("copied" as const) : ("present" as const);
  return { image: name, status, ...rest, blobs, copiedBytes: bytesCopied };
}

const NOTE: Readonly<Record<BlobOutcome, string>> = {
  copied: "copied",
  present: "already there",
  mounted: "mounted from the repository it is in",
};

/** Reports copies: the progress as it happens, the results at the end. */
export class CopyReport {
  readonly #progress: Progress;
  readonly #results: CopyResult[] = [];

  /** `output` gets everything but the results. */
  constructor(output: CommandOutput) {
    this.#progress = new Progress(output, () => performance.now());
  }

  onEvent(event: CopyEvent | CompressEvent): void {
    switch (event.kind) {
      case "blob-begins":
        return this.#progress.begin(event.digest, event.digest.slice(0, "sha256:".length + 12), event.sizeBytes);
      case "blob-bytes":
        return this.#progress.update(event.digest, event.doneBytes);
      case "blob-ends":
        return this.#progress.end(event.digest, NOTE[event.outcome], event.outcome === "copied");
      case "blob-compressed":
        return this.#progress.end(event.digest, `compressed to ${formatBytes(event.sizeBytes)}`, false);
      default:
        return event satisfies never;
    }
  }

  /** Tells of layers that were compressed on the way. */
  addCompressed(source: string, layers: number): void {
    const what = layers === 1 ? "a layer was" : `${layers} layers were`;
    if (layers > 0) this.#progress.say(`${what} compressed: the image's digest is not the one that ${source} has`);
  }

  add(result: CopyResult): void {
    this.#results.push(result);
    if (result.isBuilt) {
      this.#progress.say(`${result.source} has no manifest, so one was made; layers went as they are there`);
    }
    const notCarried = tellNotCarried(result.notCarried);
    if (notCarried !== null) this.#progress.say(notCarried);
    if (result.digest !== result.sourceDigest) {
      this.#progress.say(
        `of several platforms some were chosen: the digest is not that of the whole (${result.sourceDigest})`,
      );
    }
  }

  /** Takes the bars away. */
  close(): void {
    this.#progress.close();
  }

  /** Writes the results: a line each with what finds the image and its digest, or JSON. */
  write(output: CommandOutput, asJson: boolean): void {
    const lines = this.#results.map(({ name, destination, digest }) => `${name ?? destination}\t${digest}\n`);
    if (asJson) writeJson(output, copiedImages, this.#results.map(jsonOf));
    else output.write(lines.join(""));
  }
}
