import type { Turns } from "../../lib/async/turns.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type Leases, underLease } from "../../storage/leases.ts";
import type { RottenBlob, RottenBlobStore, VerificationPass } from "../../storage/verification.ts";
import type { ImageSurvey } from "../images/image-survey.ts";
import { VERIFICATION_LEASE } from "./background-verification.ts";
import { type BlobRepair, formatHolder } from "./blob-repair.ts";
import type { Verdict } from "./blob-verifier.ts";
import type { ImageVerifier, VerifiedImage } from "./image-verifier.ts";
import { runVerification, type VerificationRunParts } from "./verification-run.ts";

/** How often it is told how far a verification has come. */
const TELL_EVERY_MS = 1000;

/** The progress of a verification: files that were read to their end, and bytes in all. */
export type VerifiedSoFar = { readonly files: number; readonly bytes: number };

/** An event of a verification. */
export type VerificationEvent =
  | ({ readonly kind: "progress" } & VerifiedSoFar)
  | Extract<Verdict, { readonly kind: "rotten" }>
  | ({ readonly kind: "image" } & VerifiedImage);

/** The state of verification: how far the pass has come, and what is rotten now. */
export type VerificationState = {
  readonly pass: VerificationPass | null;
  readonly rotten: Awaited<ReturnType<RottenBlobStore["count"]>>;
  /** The first ones, each with the first images that need it. */
  readonly first: readonly (RottenBlob & { readonly images: readonly string[] })[];
};

/** What verifications that somebody asks for are done with. */
export type VerificationsParts = VerificationRunParts & {
  readonly rotten: RottenBlobStore;
  readonly repair: BlobRepair;
  readonly images: ImageVerifier;
  readonly leases: Leases;
  readonly turns: Turns;
  /** Reads all of the database, in which the manifests are. What is wrong with it; null when nothing is. */
  readonly checkDatabase: (signal: AbortSignal) => Promise<string | null>;
};

const ROTTEN_TOLD = 20;
const IMAGES_TOLD = 10;

/** Verifications that people ask for, and what is known of rot. */
export class Verifications {
  readonly #parts: VerificationsParts;

  constructor(parts: VerificationsParts) {
    this.#parts = parts;
  }

  /**
   * Verifies the manifests, then every blob, as fast as it goes. Throws UNAVAILABLE when that is done already, or the database is
   * damaged, and when `signal` fires.
   */
  async verifyAll(signal: AbortSignal, tell: (event: VerificationEvent) => void): Promise<VerifiedSoFar> {
    const { leases } = this.#parts;
    const done = await underLease(leases, VERIFICATION_LEASE, () => this.#verifyAll(signal, tell));
    if (done !== null) return done.value;
    const how =
      "with a rate of `verify.rate`; `larder stats` tells how far that is, and images are verified by their names meanwhile";
    throw new RegistryError("UNAVAILABLE", `the blobs are being verified just now, ${how}`);
  }

  /** Verifies images by names and patterns: their manifests, and all of their blobs that are here. */
  async verifyImages(
    named: readonly string[],
    survey: ImageSurvey,
    signal: AbortSignal,
    tell: (event: VerificationEvent) => void,
  ): Promise<VerifiedSoFar> {
    const { turns, images, tally } = this.#parts;
    const progress = this.#progress(tell);
    const onVerdict = (verdict: Verdict) => {
      tally.judged(verdict);
      if (verdict.kind !== "absent") progress.files++;
      if (verdict.kind === "rotten") tell(verdict);
    };
    const how = { survey, work: turns.begin(signal), signal, onRead: progress.onRead, onVerdict };
    for await (const image of images.verify(named, how)) tell({ kind: "image", ...image });
    return { files: progress.files, bytes: progress.bytes };
  }

  /** What is known of rot, and how far the pass has come. */
  async state(): Promise<VerificationState> {
    const { store, rotten } = this.#parts;
    const listed = await rotten.list({ after: null, limit: ROTTEN_TOLD });
    const first: VerificationState["first"][number][] = [];
    for (const one of listed) {
      const holders = await rotten.findHolders(one.digest, IMAGES_TOLD);
      first.push({ ...one, images: holders.map(formatHolder) });
    }
    return { pass: await store.readPass(), rotten: await rotten.count(), first };
  }

  async #verifyAll(signal: AbortSignal, tell: (event: VerificationEvent) => void): Promise<VerifiedSoFar> {
    const wrong = await this.#parts.checkDatabase(signal);
    if (wrong !== null) throw new RegistryError("UNAVAILABLE", wrong);
    const progress = this.#progress(tell);
    const { blobs, bytes } = await runVerification(this.#parts, {
      goOn: null,
      signal,
      pace: progress.pace,
      tell: (verdict, pass) => {
        progress.files = pass.blobs;
        progress.bytes = pass.bytes;
        if (verdict.kind === "rotten") tell(verdict);
      },
    });
    return { files: blobs, bytes };
  }

  #progress(tell: (event: VerificationEvent) => void) {
    const { elapsed, tally } = this.#parts;
    let toldMs = elapsed();
    const progress = { files: 0, bytes: 0, pace: () => maybeTell(), onRead: (read: number) => count(read) };
    const maybeTell = (): void => {
      if (elapsed() - toldMs < TELL_EVERY_MS) return;
      toldMs = elapsed();
      tell({ kind: "progress", files: progress.files, bytes: progress.bytes });
    };
    const count = (read: number): void => {
      progress.bytes += read;
      tally.read(read);
      maybeTell();
    };
    return progress;
  }
}
