import type { Work } from "../../lib/async/turns.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { isNotFound, isSystemError } from "../../lib/files/system-error.ts";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.ts";
import type { AsideStore } from "../../storage/aside.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { BlobTransitionStore } from "../../storage/collection.ts";
import type { RecordedBlob, Rot, RottenBlobStore } from "../../storage/verification.ts";
import type { Log } from "../../telemetry/log.ts";
import type { BlobFiles } from "../pull/blob-files.ts";
import type { RottenBlobs } from "../pull/rotten-blobs.ts";
import { type BlobRepair, formatHolder } from "./blob-repair.ts";

/** The stores of blob files, what keeps others from changing a file meanwhile, and who brings right bytes again. */
export type BlobVerifierParts = {
  readonly store: BlobStore;
  readonly aside: AsideStore;
  readonly files: BlobFiles;
  readonly transitions: BlobTransitionStore;
  readonly rotten: RottenBlobStore;
  readonly notes: RottenBlobs;
  readonly repair: BlobRepair;
  readonly log: Log;
  readonly now: () => number;
};

/** Where the bytes of a piece are told as they are read: reading goes on when that resolves. */
export type OnRead = (bytes: number) => Promise<void> | void;

/**
 * What became of a blob: `whole`; `absent`, since nobody needs its file before the next pull fetches it, or it is just being
 * changed; or rotten, `isHealed` by now or not, `why` being why not.
 */
export type Verdict =
  | { readonly kind: "whole" | "absent" }
  | {
      readonly kind: "rotten";
      readonly digest: Digest;
      readonly rot: Rot;
      readonly reason: string;
      readonly isHealed: boolean;
      readonly why: string | null;
      /** The first images that need it. */
      readonly images: readonly string[];
    };

/** What a look at a file found: its digest; null: there is no file; or why it cannot be read. */
type Seen = Digest | null | { readonly unreadable: string };

/** So many images are named in a line of the log. */
const LOGGED_IMAGES = 5;

/** Reads files of blobs to their end, and deals with those that are not what their digests say. */
export class BlobVerifier {
  readonly #parts: BlobVerifierParts;

  constructor(parts: BlobVerifierParts) {
    this.#parts = parts;
  }

  /**
   * Reads a blob's file. One with other bytes is set aside, and one that cannot be read stays; right bytes are fetched
   * again at once, where a registry has them. Throws when `work` is ended.
   */
  async verify({ digest, size }: RecordedBlob, work: Work, onRead: OnRead): Promise<Verdict> {
    const { files, rotten, now } = this.#parts;
    let seen = await this.#look(digest, work, onRead);
    if (seen === null && (await files.makeWhole(digest, size))) seen = await this.#look(digest, work, onRead);
    // A reading may be at fault as well as a file.
    else if (seen !== null && typeof seen === "object") seen = await this.#look(digest, work, onRead);
    if (seen === digest) {
      await rotten.heal(digest, now());
      return { kind: "whole" };
    }
    if (seen === null) return this.#missing(digest);
    if (typeof seen === "object") return this.#deal(digest, "unreadable", seen.unreadable);
    const found = await this.#setAside(digest, work);
    return found === null ? { kind: "absent" } : this.#deal(digest, found.rot, found.reason);
  }

  /** Tries to get the right bytes of a blob that was found rotten before. */
  async retry(digest: Digest, work: Work, onRead: OnRead): Promise<void> {
    const { rotten, repair } = this.#parts;
    const known = await rotten.find(digest);
    if (known === null) return;
    const size = await this.#parts.store.size(digest);
    // Whether it is right is seen by reading it.
    if (size !== null) await this.verify({ digest, size }, work, onRead);
    else if (known.rot === "damaged" || (await repair.needOf(digest)).isPushed) await repair.repair(digest);
  }

  /** A cached blob without a file is fetched by whoever wants it; that a pushed one has none is a loss. */
  async #missing(digest: Digest): Promise<Verdict> {
    const { rotten, aside, repair } = this.#parts;
    const known = await rotten.find(digest);
    if (known?.rot === "damaged") return this.#deal(digest, known.rot, known.reason);
    if (await aside.holds(digest, "damaged")) return this.#deal(digest, "damaged", "its file was set aside");
    if (known === null && !(await repair.needOf(digest)).isPushed) return { kind: "absent" };
    return this.#deal(digest, "missing", "its file is gone");
  }

  async #deal(digest: Digest, rot: Rot, reason: string): Promise<Verdict> {
    const { rotten, notes, repair, log } = this.#parts;
    const isNew = (await rotten.find(digest)) === null;
    await notes.note(digest, rot, reason);
    const { holders, isPushed } = await repair.needOf(digest);
    const images = holders.map(formatHolder);
    const { why } = await repair.repair(digest);
    if (why !== null && isNew) {
      const named = images.slice(0, LOGGED_IMAGES).join(" ") + (images.length > LOGGED_IMAGES ? " …" : "");
      const what = isPushed ? "a blob of a pushed image is damaged" : "a cached blob is damaged";
      log.write("error", what, { blob: digest, rot, reason, images: named, why });
    }
    return { kind: "rotten", digest, rot, reason, isHealed: why === null, why, images };
  }

  /** Sets a file aside whose bytes are wrong, and says what is; null: they are not, or somebody is just changing the file. */
  async #setAside(digest: Digest, work: Work): Promise<{ readonly rot: Rot; readonly reason: string } | null> {
    const { transitions, aside } = this.#parts;
    let found: { readonly rot: Rot; readonly reason: string } | null = null;
    // Read once more while nobody can put another in its place; and a reading may be at fault as well as a file.
    await transitions.takeAway([digest], "damaged", async (going) => {
      const seen = await this.#look(digest, work, () => {});
      if (typeof seen !== "string" || seen === digest) return [];
      // A disk that fails may give zeros to one who reads past the system's memory, and an error to others.
      const unreadable = await this.#whyUnreadable(digest, work);
      if (unreadable !== null) {
        found = { rot: "unreadable", reason: unreadable };
        return [];
      }
      await aside.setAside(digest, "damaged");
      found = { rot: "damaged", reason: `its bytes have the digest ${seen}` };
      return going;
    });
    return found;
  }

  /** Why a file cannot be read as it is for a pull; null when it can. */
  async #whyUnreadable(digest: Digest, work: Work): Promise<string | null> {
    try {
      const body = await this.#parts.store.read(digest, null);
      for await (const _ of body instanceof Blob ? body.stream() : (body ?? [])) await work.rest();
      return null;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return describeFailure(error);
    }
  }

  async #look(digest: Digest, work: Work, onRead: OnRead): Promise<Seen> {
    const digester = new Digester(algorithmOf(digest));
    try {
      const pieces = await this.#parts.store.scan(digest);
      if (pieces === null) return null;
      for await (const piece of pieces) {
        digester.update(piece);
        await onRead(piece.byteLength);
        await work.rest();
      }
      return digester.digest();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      // Gone between two looks at it.
      if (isNotFound(error)) return null;
      return { unreadable: describeFailure(error) };
    }
  }
}
