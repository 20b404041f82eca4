/** What is inside of images: files of layers, who shares a layer, what refers to an image. */
import * as v from "valibot";
import { bytes, count, digest, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

/** The largest number of files in a page. */
const FILES_LIMIT = 1000;
const pathText = v.pipe(v.string(), v.maxLength(4096));

/** The first images that share a layer. */
const sharingImages = v.pipe(
  v.array(v.string()),
  v.description("the first of them, by their names: a tag, or a digest where no tag leads to it"),
);

/** Which other images have the layers of an image. */
export const layerSharing = v.object({
  name: v.pipe(v.string(), v.description("the full name that answers")),
  digest,
  layers: v.pipe(
    v.array(
      v.object({
        digest,
        imageCount: v.pipe(count, v.description("other images that have it, and that whoever asks may pull")),
        isMore: v.pipe(v.boolean(), v.description("true: there are more, which were not counted")),
        images: sharingImages,
      }),
    ),
    v.description("the layers, each once"),
  ),
});

const layerOf = v.pipe(
  v.string(),
  v.maxLength(200),
  v.description("the digest of a layer that the image's manifest names"),
);

/** The query of a layer's files. */
export const layerFileQuery = {
  layer: layerOf,
  folder: v.optional(v.pipe(pathText, v.description("a folder of the layer, as `usr/lib`; empty: the top")), ""),
  after: v.optional(v.pipe(pathText, v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(FILES_LIMIT)), 200),
} as const;

/** What one entry of a layer is. */
const layerFile = v.object({
  name: v.pipe(
    v.string(),
    v.description(
      "its name in the folder, as the archive has it: any characters but slashes; a byte that is no UTF-8 is a lone surrogate U+DC80 to U+DCFF",
    ),
  ),
  type: v.pipe(
    v.picklist(["file", "directory", "symlink", "hardlink", "character-device", "block-device", "fifo", "whiteout"]),
    v.description("`whiteout`: the layer removes what layers below have under this name"),
  ),
  sizeBytes: bytes,
  mode: v.pipe(v.nullable(count), v.description("permission bits; null for a folder that has no entry of its own")),
  uid: v.number(),
  gid: v.number(),
  modifiedAtMs: v.pipe(v.nullable(v.number()), v.description("milliseconds since 1970; null: not known")),
  linkTarget: v.nullable(v.string()),
  entryCount: v.pipe(v.nullable(count), v.description("how many entries a folder has; null for what is none")),
});
/** What one entry of a layer is. */
export type LayerFile = Shape<typeof layerFile>;

/** How far a layer was read, and why no further. */
const layerReading = v.object({
  end: v.pipe(
    v.picklist(["whole", "entries", "bytes", "time", "damaged"]),
    v.description(
      "`whole`: all of it was read; else why it was not: too many entries, too many bytes, too long, or it cannot be read",
    ),
  ),
  why: sentence("what kept larder from reading all of it; null when it was read"),
  by: v.pipe(
    v.picklist(["archive", "table"]),
    v.description("`table`: by the table of contents that eStargz and zstd:chunked layers bring"),
  ),
  entryCount: v.pipe(count, v.description("entries of the archive that were read")),
  fileBytes: v.pipe(bytes, v.description("bytes of all files together")),
  unpackedBytes: v.pipe(bytes, v.description("bytes of the archive that were unpacked")),
  passedOver: v.pipe(count, v.description("entries whose names no file system has: too long or too deep")),
});

/** A page of what one folder of a layer holds. */
export const layerFilePage = v.object({
  folder: v.string(),
  isOpaque: v.pipe(v.boolean(), v.description("true: the layer hides all that layers below have in the folder")),
  entryCount: v.pipe(count, v.description("how many entries the folder has in all")),
  files: v.pipe(v.array(layerFile), v.description("in the order of their names")),
  next: v.pipe(v.nullable(v.string()), v.description("what to ask with as `after`; null: this is the end")),
  reading: layerReading,
});

/** The query of a layer's file. */
export const layerTextQuery = {
  layer: layerOf,
  path: v.pipe(
    pathText,
    v.minLength(1),
    v.description("as `etc/os-release`; a hard link is followed, a symbolic one is not"),
  ),
} as const;

/** The beginning of a text file. */
export const layerText = v.object({
  path: v.string(),
  sizeBytes: bytes,
  text: v.pipe(v.nullable(v.string()), v.description("its first 64 KiB; null: it is no text")),
  isCut: v.pipe(v.boolean(), v.description("true: it goes on")),
});

/** The query of a part of an image, as it is. */
export const imagePartQuery = {
  part: v.pipe(
    v.string(),
    v.maxLength(200),
    v.description("the digest of the config, or of a layer, that its manifest names"),
  ),
  length: v.optional(v.pipe(count, v.description("so many bytes from its beginning on; left out: all of it"))),
} as const;

/** What refers to an image: a signature, a bill of materials, an attestation. */
const referrer = v.object({
  digest,
  mediaType: v.string(),
  artifactType: v.nullable(v.string()),
  kind: v.pipe(
    v.string(),
    v.description(
      "what it is, in words: `cosign signature`, `SPDX bill of materials`; its type where no words are known",
    ),
  ),
  tag: v.pipe(v.nullable(v.string()), v.description("cosign's tag that leads to it; null: it names the image itself")),
  isHere: v.pipe(v.boolean(), v.description("false: it is only listed, under the image's referrers tag")),
  sizeBytes: v.pipe(bytes, v.description("its layers together")),
  annotations: v.record(v.string(), v.string()),
});

/** The query of referrers. */
export const referrerQuery = {
  after: v.optional(v.pipe(v.string(), v.maxLength(200), v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)), 50),
} as const;

/** A page of what refers to an image. */
export const referrerPage = v.object({
  name: v.string(),
  digest,
  referrers: v.pipe(v.array(referrer), v.description("in the order of their digests")),
  next: v.pipe(v.nullable(v.string()), v.description("what to ask with as `after`; null: this is the end")),
});

/** What a certificate says. */
const certificate = v.object({
  subject: v.pipe(v.string(), v.description("as `CN=acme, O=Acme`; empty for certificates of Fulcio")),
  issuer: v.string(),
  identities: v.pipe(v.array(v.string()), v.description("mail addresses and URLs that it names")),
  provider: v.pipe(
    v.nullable(v.string()),
    v.description("who vouched for the identity, as Fulcio writes it; null: nobody"),
  ),
  validFromMs: v.nullable(timeMs),
  validUntilMs: v.nullable(timeMs),
});

/** What a manifest of signatures or attestations says, undone from its envelopes. Nothing of it is verified. */
export const statementList = v.object({
  name: v.string(),
  digest,
  statements: v.array(
    v.object({
      layer: digest,
      form: v.pipe(
        v.picklist(["simple", "bundle", "envelope", "notation", "statement", "other"]),
        v.description(
          "cosign's older signature, sigstore's bundle, a DSSE envelope, the Notary project's signature, a bare in-toto statement, or none of these",
        ),
      ),
      payloadType: v.nullable(v.string()),
      predicateType: v.pipe(v.nullable(v.string()), v.description("what an in-toto statement is about")),
      payload: v.pipe(
        v.nullable(v.string()),
        v.description("what is signed, as text; null: it is none, or over 16 MiB"),
      ),
      certificates: v.pipe(v.array(certificate), v.description("the signer's first; none where a key signed")),
      loggedAtMs: v.pipe(v.nullable(timeMs), v.description("when a transparency log took it, by its own word")),
      why: sentence("why it cannot be read; null when it was"),
    }),
  ),
  isCut: v.pipe(v.boolean(), v.description("true: there are more")),
});
