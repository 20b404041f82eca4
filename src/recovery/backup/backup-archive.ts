import { tarEntry, type TarMember } from "../../lib/tar/tar-entry.ts";
import { writeTar } from "../../lib/tar/write-tar.ts";
import { algorithmOf, type Digest, Digester, hexOf } from "../../oci/digest.ts";
import {
  type BackupDescription,
  BackupError,
  DESCRIPTION,
  describeBackup,
  formatDescription,
} from "./backup-description.ts";
import type { BackupSource, OnBytes } from "./backup-source.ts";
import { BlobRoll } from "./blob-roll.ts";
import type { RecordedBlob } from "./recorded-blobs.ts";

/** An archive on its way; `report` tells what came of it, once all of it has been read. */
export type ArchivedBackup = {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly report: () => { readonly description: BackupDescription; readonly lackingCount: number };
};

/** The name of a blob in an archive. */
function blobMember(digest: Digest): string {
  const hex = hexOf(digest);
  return `blobs/${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
}

/**
 * A backup as one tar: `backup-description.ts` says of what. Reading it throws BackupError when larder gives other bytes than it
 * said in the middle of one; a blob that it does not have at all is left out, and named at the end.
 */
export function backupArchive(source: BackupSource, onBytes: OnBytes): ArchivedBackup {
  let made: { description: BackupDescription; lackingCount: number } | null = null;
  const { takenAtMs, files } = source.begun;
  const modifiedAt = { seconds: Math.floor(takenAtMs / 1000), nanoseconds: 0 };
  const members = async function* (): AsyncGenerator<TarMember> {
    for (const { path, bytes, sha256 } of files) {
      const body = await source.read(path, 0);
      if (body === null) throw new BackupError(`larder does not have ${path} any more: make the backup again`);
      const entry = tarEntry(path, "file", { size: bytes, mode: 0o600, modifiedAt });
      yield { entry, body: checked(body, path, { sha256 }, onBytes) };
    }
    const roll = new BlobRoll();
    for await (const blob of allBlobs(source)) {
      const body = await source.read(blob.digest, 0);
      roll.add(blob.digest, blob.size, body !== null);
      if (body === null) continue;
      const entry = tarEntry(blobMember(blob.digest), "file", { size: blob.size, mode: 0o600, modifiedAt });
      yield { entry, body: checked(body, blob.digest, { digest: blob.digest }, onBytes) };
    }
    const description = describeBackup(source.version, source.begun, roll.finish());
    made = { description, lackingCount: roll.lackingCount };
    const text = Buffer.from(formatDescription(description));
    yield {
      entry: tarEntry(DESCRIPTION, "file", { size: text.byteLength, mode: 0o600, modifiedAt }),
      body: (async function* () {
        yield text;
      })(),
    };
  };
  return {
    bytes: writeTar(members()),
    report: () => {
      if (made === null) throw new Error("the archive has not been read to its end");
      return made;
    },
  };
}

async function* allBlobs(source: BackupSource): AsyncGenerator<RecordedBlob> {
  for (let after: Digest | null = null; ; ) {
    const { blobs, next } = await source.blobs(after);
    yield* blobs;
    if (next === null) return;
    after = next;
  }
}

/** The same bytes; what an archive has of it cannot be taken back, so wrong ones end it. */
async function* checked(
  body: AsyncIterable<Uint8Array>,
  name: string,
  said: { readonly sha256?: string; readonly digest?: Digest },
  onBytes: OnBytes,
): AsyncGenerator<Uint8Array> {
  const digester = new Digester(said.digest === undefined ? "sha256" : algorithmOf(said.digest));
  for await (const piece of body) {
    digester.update(piece);
    onBytes(piece.byteLength);
    yield piece;
  }
  const actual = digester.digest();
  if (actual === (said.digest ?? `sha256:${said.sha256}`)) return;
  const what = `${name} came with the digest ${actual}`;
  throw new BackupError(`${what}: run \`larder verify\`, which sets it aside, then make the backup again`);
}
