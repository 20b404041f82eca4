import { algorithmOf, type Digest, Digester } from "../../oci/digest.ts";
import { type BackupDescription, BackupError } from "./backup-description.ts";
import { BlobRoll } from "./blob-roll.ts";
import type { BackupPart } from "./read-backup.ts";

/** What is wrong with a backup; the first hundred, a line each. None: it is whole. */
export type BackupExamination = {
  readonly description: BackupDescription;
  readonly problems: readonly string[];
  readonly problemCount: number;
  readonly blobs: number;
  readonly bytes: number;
};

/** Takes what a backup has, as it is read: it is asked for each part, and told whether its bytes were right at their end. */
export type PartTaker = {
  readonly write?: (part: BackupPart, bytes: Uint8Array) => Promise<void>;
  readonly end?: (part: BackupPart, isRight: boolean) => Promise<void>;
  readonly onBytes: (bytes: number) => void;
};

const PROBLEMS_NAMED = 100;

/**
 * Reads all of a backup, compares it with its digests, and has `taker` do something with it on the way. Throws BackupError for
 * what is no whole backup.
 */
export async function examineBackup(parts: AsyncIterable<BackupPart>, taker: PartTaker): Promise<BackupExamination> {
  const problems: string[] = [];
  let problemCount = 0;
  const complain = (problem: string): void => {
    problemCount++;
    if (problems.length < PROBLEMS_NAMED) problems.push(problem);
  };
  const roll = new BlobRoll();
  const files = new Map<string, string>();
  let description: BackupDescription | null = null;
  let [blobs, bytes] = [0, 0];
  // Of an archive, what it lacks is known at its end alone.
  const absent: Digest[] = [];
  let last = "";
  for await (const part of parts) {
    if (part.kind === "description") {
      ({ description } = part);
      continue;
    }
    if (part.kind === "absent") {
      absent.push(part.digest);
      roll.add(part.digest, 0, false);
      continue;
    }
    const digester = new Digester(part.kind === "blob" ? algorithmOf(part.digest) : "sha256");
    let size = 0;
    for await (const piece of part.body) {
      digester.update(piece);
      size += piece.byteLength;
      taker.onBytes(piece.byteLength);
      await taker.write?.(part, piece);
    }
    bytes += size;
    const actual = digester.digest();
    if (part.kind === "file") {
      files.set(part.path, actual);
      await taker.end?.(part, true);
      continue;
    }
    blobs++;
    if (part.digest <= last) throw new BackupError(`the blob ${part.digest} is not in its place`);
    last = part.digest;
    roll.add(part.digest, size, true);
    if (actual !== part.digest) complain(`the blob ${part.digest} has the digest ${actual}`);
    await taker.end?.(part, actual === part.digest);
  }
  if (description === null) throw new BackupError("it does not say what it has");
  for (const { path, sha256 } of description.files) {
    const actual = files.get(path);
    if (actual === undefined) complain(`${path} is missing`);
    else if (actual !== `sha256:${sha256}`)
      complain(`${path} is not as it was written (did a larder run on the backup?)`);
  }
  const expected = description.blobs.count - description.lacking.length;
  const known = new Set(description.lacking);
  for (const digest of absent) if (!known.has(digest)) complain(`the blob ${digest} is missing`);
  const isArchive = absent.length === 0 && blobs !== description.blobs.count;
  if (isArchive && blobs < expected) complain(`${expected - blobs} blobs are missing`);
  for (const digest of description.lacking) complain(`the blob ${digest} was not to be had when the backup was made`);
  return { description, problems, problemCount, blobs, bytes };
}
