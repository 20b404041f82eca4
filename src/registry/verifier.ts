import type { Turns, Work } from "../lib/async/turns.ts";
import { algorithmOf, type Digest, Digester } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { AsideStore } from "../storage/aside.ts";
import type { BlobStore } from "../storage/blobs.ts";
import { type Leases, underLease } from "../storage/leases.ts";
import type { BlobTransitionStore } from "../storage/collection.ts";
import type { Log } from "../telemetry/log.ts";
import { isSystemError } from "../lib/files/system-error.ts";

/** How often it is told how far a verification has come. */
const TELL_EVERY_MS = 1000;

/** The progress of a verification: files that were read to their end, and bytes in all. */
export type VerifiedSoFar = { readonly files: number; readonly bytes: number };

/**
 * An event of a verification. A `damaged` file was set aside; an `unreadable` one stays, since the disk may be at
 * fault.
 */
export type VerificationEvent =
  | ({ readonly kind: "progress" } & VerifiedSoFar)
  | { readonly kind: "damaged"; readonly digest: Digest }
  | { readonly kind: "unreadable"; readonly digest: Digest; readonly reason: string };

/** The stores of blob files, and what keeps others from changing a file meanwhile. */
export type VerifierParts = {
  readonly store: BlobStore;
  readonly aside: AsideStore;
  readonly transitions: BlobTransitionStore;
  readonly leases: Leases;
  readonly turns: Turns;
  readonly log: Log;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
};

/** Reads the files of blobs to their end, and sets aside those whose content does not match their digest. */
export class Verifier {
  readonly #parts: VerifierParts;

  constructor(parts: VerifierParts) {
    this.#parts = parts;
  }

  /** Verifies every file, one after the other. Throws UNAVAILABLE when that is done already, and when `signal` fires. */
  async verifyAll(signal: AbortSignal, tell: (event: VerificationEvent) => void): Promise<VerifiedSoFar> {
    const { leases, turns } = this.#parts;
    const done = await underLease(leases, "verification", () => this.#verifyAll(turns.begin(signal), tell));
    if (done !== null) return done.value;
    throw new RegistryError("UNAVAILABLE", "the files are being verified just now; wait for the end");
  }

  /**
   * Has the blob's file its digest? If not, it is set aside. Null: there is no file, or another one is just put in its place.
   * Throws what the reading threw.
   */
  async verifyBlob(digest: Digest, work: Work, onRead: (bytes: number) => void = () => {}): Promise<boolean | null> {
    const { transitions, aside, log } = this.#parts;
    const actual = await this.#digestOf(digest, work, onRead);
    if (actual === digest || actual === null) return actual === null ? null : true;
    // Read once more while nobody can put another in its place; and a reading may be at fault as well as a file.
    let isRight: boolean | null = null;
    await transitions.takeAway([digest], "damaged", async (going) => {
      const found = await this.#digestOf(digest, work, () => {});
      isRight = found === null ? null : found === digest;
      if (isRight !== false) return [];
      await aside.setAside(digest, "damaged");
      log.write("error", "a blob's file has other bytes than it should and was set aside", { blob: digest, found });
      return going;
    });
    return isRight;
  }

  async #verifyAll(work: Work, tell: (event: VerificationEvent) => void): Promise<VerifiedSoFar> {
    const { store, elapsed } = this.#parts;
    let [files, bytes, toldMs] = [0, 0, elapsed()];
    const onRead = (read: number) => {
      bytes += read;
      if (elapsed() - toldMs < TELL_EVERY_MS) return;
      toldMs = elapsed();
      tell({ kind: "progress", files, bytes });
    };
    for await (const digest of store.list()) {
      try {
        const isRight = await this.verifyBlob(digest, work, onRead);
        if (isRight !== null) files++;
        if (isRight === false) tell({ kind: "damaged", digest });
      } catch (error) {
        if (!isSystemError(error)) throw error;
        tell({ kind: "unreadable", digest, reason: error.message });
      }
      await work.rest();
    }
    return { files, bytes };
  }

  /** The digest that a file's bytes have; null when there is no file. */
  async #digestOf(digest: Digest, work: Work, onRead: (bytes: number) => void): Promise<Digest | null> {
    const body = await this.#parts.store.read(digest, null);
    if (body === null) return null;
    const digester = new Digester(algorithmOf(digest));
    for await (const piece of body instanceof Blob ? body.stream() : body) {
      digester.update(piece);
      onRead(piece.byteLength);
      await work.rest();
    }
    return digester.digest();
  }
}
