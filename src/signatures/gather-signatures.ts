import type { Work } from "../lib/async/turns.ts";
import { attachmentTagsOf } from "../oci/attachment-tag.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { type Manifest, manifestSteps } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { isBundleType, NOTATION_COSE, NOTATION_JWS, SIMPLE_SIGNING } from "./attachment-layers.ts";
import type { Signature } from "./signature.ts";
import type { SignatureSource, SourceManifest } from "./signature-source.ts";

/** Signatures of one image that are looked at. People and their tools make a handful. */
export const SIGNATURES_LIMIT = 100;
/** An envelope with its certificates and entries of logs has 20 KB. */
const SIGNATURE_LIMIT_BYTES = 256 << 10;
/** Certificates and an entry of a log in annotations. */
const ANNOTATION_LIMIT_CHARACTERS = 64 << 10;

/** The signatures of an image, whoever made them. */
export type GatheredSignatures = {
  readonly signatures: readonly Signature[];
  /** Sentences' ends about those that could not be looked at: "1 of them is larger than 256 KiB". */
  readonly notes: readonly string[];
};

/**
 * Gathers what is attached to an image by cosign's tag (`sha256-HEX.sig`) and by reference, those of `kinds`. The newest of a
 * manifest, its last layers, come first. Throws what the source throws.
 */
export async function gatherSignatures(
  subject: Digest,
  kinds: ReadonlySet<Signature["kind"]>,
  source: SignatureSource,
  work: Work,
): Promise<GatheredSignatures> {
  const gathering = new Gathering(subject, kinds, source, work);
  await gathering.run();
  return gathering;
}

class Gathering implements GatheredSignatures {
  readonly signatures: Signature[] = [];
  readonly notes: string[] = [];
  readonly #subject: Digest;
  readonly #kinds: ReadonlySet<Signature["kind"]>;
  readonly #source: SignatureSource;
  readonly #work: Work;
  #left = SIGNATURES_LIMIT;

  constructor(subject: Digest, kinds: ReadonlySet<Signature["kind"]>, source: SignatureSource, work: Work) {
    this.#subject = subject;
    this.#kinds = kinds;
    this.#source = source;
    this.#work = work;
  }

  async run(): Promise<void> {
    const seen = new Set<Digest>();
    if (this.#kinds.has("simple")) {
      const tag = attachmentTagsOf(this.#subject)[1];
      const tagged = tag === undefined ? null : await this.#source.tagged(tag);
      if (tagged !== null) await this.#take(tagged, false);
      if (tagged !== null) seen.add(tagged.digest);
    }
    for (const referrer of await this.#source.referrers(this.#subject, SIGNATURES_LIMIT)) {
      if (!seen.has(referrer.digest)) await this.#take(referrer, true);
      seen.add(referrer.digest);
    }
  }

  /** Takes the signatures of a manifest. One that refers to the image must say so itself, whoever listed it. */
  async #take(stored: SourceManifest, isReferrer: boolean): Promise<void> {
    if (isIndexType(stored.mediaType)) return;
    const manifest = await this.#read(stored);
    if (manifest === null || (isReferrer && manifest.subject?.digest !== this.#subject)) return;
    const layers = manifest.layers.filter(({ mediaType }) => {
      const kind = kindOf(mediaType);
      return kind !== null && this.#kinds.has(kind);
    });
    const looked = layers.toReversed().slice(0, this.#left);
    if (looked.length < layers.length) this.notes.push(`only ${SIGNATURES_LIMIT} of them were looked at`);
    this.#left -= looked.length;
    for (const layer of looked) {
      await this.#work.rest();
      await this.#takeLayer(stored.digest, layer);
    }
  }

  async #read({ bytes, mediaType }: SourceManifest): Promise<Manifest | null> {
    try {
      return await this.#work.finish(manifestSteps(bytes, mediaType));
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      this.notes.push("a manifest of theirs cannot be read");
      return null;
    }
  }

  async #takeLayer(manifest: Digest, layer: Descriptor): Promise<void> {
    const annotations = layer.annotations ?? {};
    const isLarge =
      layer.size > SIGNATURE_LIMIT_BYTES ||
      Object.values(annotations).some((value) => value.length > ANNOTATION_LIMIT_CHARACTERS);
    const bytes = isLarge ? null : await this.#source.blob(layer.digest, SIGNATURE_LIMIT_BYTES);
    if (bytes === null) {
      this.notes.push(isLarge ? "one is larger than any signature" : `the content of one (${layer.digest}) is missing`);
      return;
    }
    const kind = kindOf(layer.mediaType);
    if (kind === "simple") this.signatures.push({ kind, manifest, payload: bytes, annotations });
    else if (kind === "bundle") this.signatures.push({ kind, manifest, bytes });
    else {
      const envelope = layer.mediaType === NOTATION_COSE ? "cose" : "jws";
      this.signatures.push({ kind: "notation", manifest, envelope, bytes });
    }
  }
}

function kindOf(mediaType: string): Signature["kind"] | null {
  if (mediaType === SIMPLE_SIGNING) return "simple";
  if (mediaType === NOTATION_JWS || mediaType === NOTATION_COSE) return "notation";
  return isBundleType(mediaType) ? "bundle" : null;
}
