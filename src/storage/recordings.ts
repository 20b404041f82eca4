/** The contract of recordings: which images were pulled while one ran, for good. */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/** A recording. `who` began it, null when nobody knows. */
export type Recording = {
  /** Never used again, whatever becomes of it; the name may be. */
  readonly id: number;
  readonly name: string;
  readonly startedAtMs: number;
  /** Null: it runs. */
  readonly stoppedAtMs: number | null;
  readonly who: string | null;
  /** The networks whose pulls are meant, as `10.0.0.0/8`; none: all pulls. */
  readonly networks: readonly string[];
  /** How many images are in it: what an index lists belongs to that. */
  readonly images: number;
  /** When there was no more room in it: what was pulled from then on may be missing. Null: there is. */
  readonly fullAtMs: number | null;
};

/** A recording that begins. */
export type NewRecording = Pick<Recording, "name" | "startedAtMs" | "who" | "networks">;

/** What was pulled: an image, or a list of them, one for each platform; what belongs to images; or something else. */
type RecordedKind = "image" | "index" | "signature" | "attestation" | "sbom" | "artifact";

/** A manifest that an index lists. */
type RecordedPart = { readonly digest: Digest; readonly platform: string | null };

/** The first pull of a manifest by a name. */
export type RecordedPull = {
  /** Where it is. */
  readonly repository: RepositoryName;
  /** The tag that was asked for; null: it was asked for by its digest. */
  readonly tag: Tag | null;
  readonly digest: Digest;
  readonly kind: RecordedKind;
  /** What an image is for, as `linux/amd64`; null where nobody knows. */
  readonly platform: string | null;
  /** Bytes of the manifest and of all blobs that it names. */
  readonly sizeBytes: number;
  readonly atMs: number;
  /** Who asked, and from which address; null: that is not known. */
  readonly who: string | null;
  readonly from: string | null;
};

/** A pull that is noted; `parts` is what an index lists. */
export type NotedPull = RecordedPull & { readonly parts: readonly RecordedPart[] };

/** An image of a recording, with those that were pulled of what it lists. */
export type RecordedImage = RecordedPull & { readonly parts: readonly RecordedPull[] };

/** A place in the order of what a recording holds. It need not be that of something that is there. */
export type RecordedPlace = {
  readonly repository: RepositoryName;
  readonly tag: Tag | null;
  readonly digest: Digest;
};

/** What is held by a recording, in its order. */
export type HeldPull = RecordedPlace & { readonly recording: number };

/** The largest number of recordings: each is a list that somebody looks after. */
export const RECORDINGS_LIMIT = 100;
/** The largest number of pulls, with what indexes list, in one recording, and in all of them: thousands of images. */
export const RECORDING_ROWS_LIMIT = 50_000;
export const ALL_ROWS_LIMIT = 200_000;
/** Manifests of an index that are told apart; those beyond count for images of their own. */
export const PARTS_LIMIT = 256;

/** What has become of recordings: `pulls` are more of them in one. */
export type RecordingChange = { readonly kind: "started" | "stopped" | "removed" | "pulls"; readonly name: string };

/** Is told of each change. It must not throw. */
export type RecordingListener = (change: RecordingChange) => void;

/** The recordings of one store, by their names. */
export interface RecordingStore {
  /**
   * Begins a recording. Null, and nothing has changed, when one of this name runs; or has been, unless it is to go on (`goesOn`): then
   * its images stay, and its networks are the new ones. Throws for more than `RECORDINGS_LIMIT`. Durable when it returns.
   */
  start(recording: NewRecording, goesOn: boolean): Promise<Recording | null>;
  /** Ends it; one that has ended stays as it is. Null when there is none. Durable when it returns, with all that was noted. */
  stop(name: string, atMs: number): Promise<Recording | null>;
  /** False when there was none. It is gone when this returns; its rows go in turns. */
  remove(name: string): Promise<boolean>;
  /** All of them, in the order of their names. */
  list(): Promise<readonly Recording[]>;
  /** Tells of each change, whoever makes it, once it can be read. Returns what ends that. */
  subscribe(listener: RecordingListener): () => void;
}

/** What is in recordings. */
export interface RecordedPullStore {
  /**
   * Notes pulls, in one transaction; those of a recording that is not there are passed over. The first of a manifest by a name
   * counts, but for a platform that was not known. Beyond the limits nothing is taken, which the recording tells.
   */
  note(recording: number, pulls: readonly NotedPull[]): Promise<void>;
  /** Images of a recording in the order of their places; those whose `repository:tag@digest` holds the text. */
  listImages(
    recording: number,
    query: { readonly text: string; readonly after: RecordedPlace | null; readonly limit: number },
  ): Promise<readonly RecordedImage[]>;
  /** All that recordings hold, in the order of recordings and places. */
  listHeld(after: HeldPull | null, limit: number): Promise<readonly HeldPull[]>;
}
