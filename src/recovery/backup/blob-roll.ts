import type { Digest } from "../../oci/digest.ts";
import type { BackupDescription } from "./backup-description.ts";
import { LACKING_NAMED } from "./backup-description.ts";

/** Counts the blobs of a backup in their order. */
export class BlobRoll {
  readonly #hasher = new Bun.CryptoHasher("sha256");
  readonly #lacking: Digest[] = [];
  #count = 0;
  #bytes = 0;
  #lackingCount = 0;

  /** How many of them could not be had. */
  get lackingCount(): number {
    return this.#lackingCount;
  }

  add(digest: Digest, size: number, isHere: boolean): void {
    this.#hasher.update(`${digest}\n`);
    this.#count++;
    this.#bytes += size;
    if (isHere) return;
    this.#lackingCount++;
    if (this.#lacking.length < LACKING_NAMED) this.#lacking.push(digest);
  }

  /** What all of them come to. To be called once. */
  finish(): Pick<BackupDescription, "blobs" | "lacking"> {
    const blobs = { count: this.#count, bytes: this.#bytes, sha256: this.#hasher.digest("hex") };
    return { blobs, lacking: this.#lacking };
  }
}
