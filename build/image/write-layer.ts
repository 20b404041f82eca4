import { gzip } from "../../src/lib/compression/gzip.ts";
import { writeTar } from "../../src/lib/tar/write-tar.ts";
import { type Digest, Digester } from "../../src/oci/digest.ts";
import { layerMembers, type RootFile } from "./root-files.ts";

/** A layer as it is sent: a gzip file. `diffId` is the digest of what is in it. */
export type Layer = {
  readonly path: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly diffId: Digest;
};

const TASKS = 4;

/** Writes a layer with these files to `path`. The same files give the same bytes. `level` is that of gzip, 1 to 9. */
export async function writeLayer(files: readonly RootFile[], path: string, level: number): Promise<Layer> {
  const [packed, plain] = [new Digester("sha256"), new Digester("sha256")];
  const writer = Bun.file(path).writer();
  let sizeBytes = 0;
  const archive = throughDigester(writeTar(layerMembers(files)), plain);
  for await (const piece of gzip(archive, { level, tasks: TASKS })) {
    packed.update(piece);
    sizeBytes += piece.length;
    await writer.write(piece);
  }
  await writer.end();
  return { path, digest: packed.digest(), sizeBytes, diffId: plain.digest() };
}

async function* throughDigester(pieces: AsyncIterable<Uint8Array>, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    digester.update(piece);
    yield piece;
  }
}
