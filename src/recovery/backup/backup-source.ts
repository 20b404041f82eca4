import type { Digest } from "../../oci/digest.ts";
import type { BegunBackup } from "./backups.ts";
import type { RecordedBlob } from "./recorded-blobs.ts";

/** A backup on its way from a larder, wherever that runs. */
export type BackupSource = {
  readonly begun: BegunBackup;
  /** The version of that larder. */
  readonly version: string;
  /** The next blobs behind one of them; those up to it are done with. */
  blobs(after: Digest | null): Promise<{ readonly blobs: readonly RecordedBlob[]; readonly next: Digest | null }>;
  /** A file of the backup, or a blob by its digest, from a byte on; null when larder does not have it any more. */
  read(name: string, from: number): Promise<AsyncIterable<Uint8Array> | null>;
};

/** Is told how many bytes more have come. */
export type OnBytes = (bytes: number) => void;
