import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { decompress } from "../../lib/compression/decompress.ts";
import { scanFile } from "../../lib/files/scan-file.ts";
import { isAbsent, nullIfAbsent } from "../../lib/files/system-error.ts";
import { readTar } from "../../lib/tar/read-tar.ts";
import { type Digest, tryParseDigest } from "../../oci/digest.ts";
import { blobPath } from "../../storage/filesystem/blob-folder.ts";
import { type BackupDescription, BackupError, DESCRIPTION, parseDescription } from "./backup-description.ts";
import { RecordedBlobs } from "./recorded-blobs.ts";

/** A part of a backup: the description, a file, or a blob. The body is read before the next part is asked for. */
export type BackupPart =
  | { readonly kind: "description"; readonly description: BackupDescription }
  | { readonly kind: "file"; readonly path: string; readonly bytes: number; readonly body: AsyncIterable<Uint8Array> }
  | { readonly kind: "blob"; readonly digest: Digest; readonly body: AsyncIterable<Uint8Array> }
  /** A recorded blob of a folder that has no file. */
  | { readonly kind: "absent"; readonly digest: Digest };

const DESCRIPTION_LIMIT_BYTES = 4 << 20;

/**
 * Reads a backup: a folder, or an archive, compressed or not; `-` is what comes in. The blobs come in the order of their digests, and the
 * description is among the parts, in an archive at its end. Throws BackupError for what is none, and for a folder whose backup
 * was never finished.
 */
export async function* readBackup(path: string, stdin: () => AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart> {
  if (path === "-") {
    yield* readArchive(path, stdin());
    return;
  }
  const found = await stat(path).catch((error: unknown) => {
    if (isAbsent(error)) throw new BackupError(`there is no backup at ${path}`);
    throw error;
  });
  if (found.isDirectory()) yield* readFolder(path);
  else yield* readArchive(path, Bun.file(path).stream());
}

async function* readFolder(folder: string): AsyncGenerator<BackupPart> {
  const text = await readFile(join(folder, DESCRIPTION), "utf8").catch(nullIfAbsent);
  if (text === null) {
    throw new BackupError(
      `${folder} has no whole backup: there is no ${DESCRIPTION}. One that was interrupted is finished by another run`,
    );
  }
  const description = parseDescription(text);
  if (description === null) throw notUnderstood(folder);
  yield { kind: "description", description };
  for (const { path, bytes } of description.files) {
    if (!existsSync(join(folder, path))) throw new BackupError(`${join(folder, path)} is gone`);
    yield { kind: "file", path, bytes, body: scanFile(join(folder, path)) };
  }
  const recorded = new RecordedBlobs(join(folder, "larder.db"));
  try {
    for (const { digest } of recorded.all()) {
      const path = blobPath(folder, digest);
      if (existsSync(path)) yield { kind: "blob", digest, body: scanFile(path) };
      else yield { kind: "absent", digest };
    }
  } finally {
    recorded.close();
  }
}

async function* readArchive(name: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart> {
  let isEnded = false;
  for await (const { entry, body } of readTar(decompress(source, { maxBytes: Number.MAX_SAFE_INTEGER }))) {
    const content = body ?? nothing();
    const blob = /^blobs\/(sha256|sha512)\/[0-9a-f]{2}\/([0-9a-f]+)$/.exec(entry.path);
    const digest = blob === null ? null : tryParseDigest(`${blob[1]}:${blob[2]}`);
    if (entry.type !== "file" || isEnded) throw new BackupError(`${name} is no backup: it has ${entry.path}`);
    if (digest !== null) yield { kind: "blob", digest, body: content };
    else if (entry.path === DESCRIPTION) {
      const description = entry.size > DESCRIPTION_LIMIT_BYTES ? null : parseDescription(await textOf(content));
      if (description === null) throw notUnderstood(name);
      isEnded = true;
      yield { kind: "description", description };
    } else if (/^(?:larder\.db|(?:tls|aci)\/[\w.@+-]{1,200})$/.test(entry.path)) {
      yield { kind: "file", path: entry.path, bytes: entry.size, body: content };
    } else throw new BackupError(`${name} is no backup: it has ${entry.path}`);
  }
  if (!isEnded) throw new BackupError(`${name} is no whole backup: it is cut off, for it has no ${DESCRIPTION}`);
}

function notUnderstood(where: string): BackupError {
  return new BackupError(`the ${DESCRIPTION} of ${where} cannot be understood: it is damaged, or of a newer larder`);
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(body)).toString();
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
