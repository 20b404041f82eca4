import type * as v from "valibot";
import type { writtenAcis } from "./json/file-results.ts";
import { randomUUID } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { AciManifest } from "../aci/convert/aci-manifest.ts";
import { type Aci, convertImage, convertLayers } from "../aci/convert/convert-image.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { type FoundAciImage, fetchLayers } from "./aci-image.ts";
import type { AciNaming } from "./aci-naming.ts";
import { spoolDirectory } from "./spool-directory.ts";

/** An ACI that has been written. */
export type WrittenAci = {
  readonly file: string;
  readonly manifest: AciManifest;
  readonly imageId: string;
  readonly sizeBytes: number;
};

/** The ACIs as verbs print them with `--json`. */
export function acisOf(written: readonly WrittenAci[]): v.InferOutput<typeof writtenAcis> {
  return written.map(({ file, manifest, imageId, sizeBytes }) => ({ file, name: manifest.name, imageId, sizeBytes }));
}

/** How the ACIs of an image are written. */
export type AciWriting = {
  readonly naming: AciNaming;
  /** Is it far away, so that its layers are fetched once before they are read twice? */
  readonly isFar: boolean;
  readonly compression: "gzip" | "none";
  readonly isSquashed: boolean;
  readonly folder: string;
  /** The name of the file for the layer of that number, from 0 at the bottom, when the image is not squashed. */
  readonly layerFileName?: (layer: number) => string;
};

/** Converts an image and writes its ACI, or one for each layer from the bottom up. Throws AciError. */
export async function writeAcis(image: FoundAciImage, writing: AciWriting, io: CommandIo): Promise<WrittenAci[]> {
  const { environment, signal } = io;
  const { naming, isSquashed, compression } = writing;
  const options = { origin: naming.origin, compression, signal };
  const near = writing.isFar
    ? await fetchLayers(image, spoolDirectory(environment), signal)
    : { image, remove: () => Promise.resolve() };
  const written: WrittenAci[] = [];
  try {
    if (isSquashed) {
      written.push(await writeAci(await convertImage(near.image, options), join(writing.folder, naming.fileName)));
      return written;
    }
    for await (const aci of convertLayers(near.image, options)) {
      const fileName = writing.layerFileName?.(written.length) ?? fileNameOf(aci, naming);
      written.push(await writeAci(aci, join(writing.folder, fileName)));
    }
    return written;
  } finally {
    await near.remove();
  }
}

/** A lower layer's ACI has the image's name and `-layer-1` behind it. */
function fileNameOf(aci: Aci, { origin, fileName }: AciNaming): string {
  return fileName.replace(/\.aci$/, `${aci.manifest.name.slice(origin.name.length)}.aci`);
}

/** Writes beside its final place first: what ends in `.aci` is whole. */
async function writeAci(aci: Aci, path: string): Promise<WrittenAci> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, "wx");
    let sizeBytes = 0;
    try {
      for await (const chunk of aci.bytes) {
        await file.writeFile(chunk);
        sizeBytes += chunk.length;
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return { file: path, manifest: aci.manifest, imageId: aci.imageId() ?? "", sizeBytes };
  } catch (error) {
    await unlink(temporary).catch(() => {}); // The failure above is what counts; it may not even exist.
    throw error;
  }
}
