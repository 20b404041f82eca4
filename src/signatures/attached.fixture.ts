/** A repository in memory with an image and what is attached to it. */
import { attachmentTagsOf } from "../oci/attachment-tag.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { Tag } from "../oci/tag.ts";
import { SIMPLE_SIGNING } from "./attachment-layers.ts";
import type { SignedImage } from "./signature.ts";
import type { SignatureSource, SourceManifest } from "./signature-source.ts";

export type Layer = {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
};

export function makeImage(text: string): SignedImage {
  return { digest: digestOf(text), mediaType: MEDIA_TYPE.ociManifest, sizeBytes: text.length };
}

export class Attached implements SignatureSource {
  readonly tags = new Map<Tag, SourceManifest>();
  readonly manifests: SourceManifest[] = [];
  readonly blobs = new Map<Digest, Uint8Array>();

  /** Attaches layers to an image: by cosign's tag, or by reference. */
  attach(subject: Digest, way: "tag" | "reference", ...layers: readonly Layer[]): SourceManifest {
    const described = layers.map(({ mediaType, bytes, annotations }) => {
      const digest = digestOf(bytes);
      this.blobs.set(digest, bytes);
      return { mediaType, digest, size: bytes.byteLength, annotations };
    });
    const manifest = manifestOf({
      config: { mediaType: MEDIA_TYPE.ociEmpty, digest: digestOf("{}"), size: 2 },
      layers: described,
      ...(way === "reference" ? { subject: { mediaType: MEDIA_TYPE.ociManifest, digest: subject, size: 1 } } : {}),
    });
    if (way === "tag") this.tags.set(attachmentTagsOf(subject)[1] as Tag, manifest);
    else this.manifests.push(manifest);
    return manifest;
  }

  async tagged(tag: Tag) {
    return this.tags.get(tag) ?? null;
  }

  async referrers(_: Digest, limit: number) {
    return this.manifests.slice(0, limit);
  }

  async blob(digest: Digest, limitBytes: number) {
    const bytes = this.blobs.get(digest);
    return bytes === undefined || bytes.byteLength > limitBytes ? null : bytes;
  }
}

function manifestOf(fields: Readonly<Record<string, unknown>>): SourceManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, ...fields }));
  return { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
}

/** The payload of cosign's older format. */
export function simplePayload(digest: string, type = "cosign container image signature"): Buffer {
  const critical = {
    identity: { "docker-reference": "somewhere.example/else" },
    image: { "docker-manifest-digest": digest },
    type,
  };
  return Buffer.from(JSON.stringify({ critical, optional: null }));
}

export function simpleLayer(
  payload: Uint8Array,
  signature: Uint8Array,
  more: Readonly<Record<string, string>> = {},
): Layer {
  const annotations = { "dev.cosignproject.cosign/signature": Buffer.from(signature).toString("base64"), ...more };
  return { mediaType: SIMPLE_SIGNING, bytes: payload, annotations };
}
