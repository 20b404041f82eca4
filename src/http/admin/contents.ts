import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { LayerFile } from "../../admin/content-schemas.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { parseDigest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { findPart, layerDigests, type OpenImage, openImage } from "../../registry/contents/image-part.ts";
import type { ImageReferrers } from "../../registry/contents/image-referrers.ts";
import { hasMoreStatements, readStatements } from "../../registry/contents/image-statements.ts";
import type { LayerContents } from "../../registry/contents/layer-contents.ts";
import { findSharedLayers } from "../../registry/contents/layer-sharing.ts";
import type { NamedNode } from "../../registry/contents/layer-tree.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { ImageGuard } from "../../registry/pull/origin.ts";
import type { BlobBody, BlobStore } from "../../storage/blobs.ts";
import type { SharingStore } from "../../storage/sharing.ts";
import type { AdminAsker } from "./admin-asker.ts";

/** What answers about the inside of images are made of. */
export type ContentParts = {
  readonly layers: LayerContents;
  readonly referrers: ImageReferrers;
  readonly sharing: SharingStore;
  readonly blobs: Pick<BlobStore, "read">;
  readonly guard: ImageGuard;
  readonly turns: Turns;
};

type DocumentAsked = "listLayerSharing" | "listLayerFiles" | "readLayerText" | "listReferrers" | "listStatements";
type BytesRead = { readonly body: BlobBody; readonly bytes: number };
type ContentActions = {
  readonly [Id in DocumentAsked]: (input: InputOf<Id>, signal: AbortSignal, asker: AdminAsker) => Promise<AnswerOf<Id>>;
} & {
  readonly readImagePart: (
    input: InputOf<"readImagePart">,
    signal: AbortSignal,
    asker: AdminAsker,
  ) => Promise<BytesRead>;
};

/** The operations that look into images. */
export function contentActions(
  parts: ContentParts,
  survey: (signal: AbortSignal, mayPull?: MayPull) => ImageSurvey,
): ContentActions {
  const { layers, referrers, sharing, blobs, guard, turns } = parts;
  const open = async (image: string, signal: AbortSignal, asker: AdminAsker): Promise<OpenImage> => {
    const looker = { survey: survey(signal, asker.mayPull), guard, context: await contextOf(asker) };
    return openImage(parseImageName(image), looker);
  };
  return {
    listLayerSharing: async ({ image }, signal, asker) => {
      const opened = await open(image, signal, asker);
      const own = { repository: opened.foundIn, digest: opened.manifest.digest };
      const found = await findSharedLayers(
        sharing,
        own,
        layerDigests(opened.parsed),
        asker.mayPull,
        turns.begin(signal),
      );
      return { ...named(opened), layers: found.map(({ images, ...rest }) => ({ ...rest, images: [...images] })) };
    },
    listLayerFiles: async ({ image, layer, folder, after = null, limit }, signal, asker) => {
      const part = await findPart(await open(image, signal, asker), layer);
      const { folder: node, entries, next, index } = await layers.list(part, folder, { after, limit }, signal);
      return {
        folder,
        isOpaque: node.isOpaque,
        entryCount: node.children?.size ?? 0,
        files: entries.map(describeFile),
        next,
        reading: { ...index.reading, passedOver: index.tree.passedOver },
      };
    },
    readLayerText: async ({ image, layer, path }, signal, asker) => {
      const part = await findPart(await open(image, signal, asker), layer);
      return { path, ...(await layers.text(part, path, signal)) };
    },
    readImagePart: async ({ image, part, length }, signal, asker) => {
      const { digest, size } = await findPart(await open(image, signal, asker), part);
      return readPart(blobs, digest, Math.min(size, length ?? size));
    },
    listReferrers: async ({ image, after, limit }, signal, asker) => {
      const opened = await open(image, signal, asker);
      const page = { after: after === undefined ? null : parseDigest(after), limit };
      const found = await referrers.list(opened, page, await contextOf(asker), turns.begin(signal));
      return { ...named(opened), referrers: [...found.referrers], next: found.next };
    },
    listStatements: async ({ image }, signal, asker) => {
      const opened = await open(image, signal, asker);
      const statements = await readStatements(opened, blobs, turns.begin(signal));
      const shown = statements.map(({ certificates, ...rest }) => ({
        ...rest,
        certificates: certificates.map(({ identities, ...facts }) => ({ ...facts, identities: [...identities] })),
      }));
      return { ...named(opened), statements: shown, isCut: hasMoreStatements(opened) };
    },
  };
}

async function contextOf({ puller, ...cause }: AdminAsker) {
  return { via: null, cause, ...(await puller()) };
}

function named({ foundIn, tag, manifest }: OpenImage): { readonly name: string; readonly digest: string } {
  const { digest } = manifest;
  return { name: tag === null ? `${foundIn}@${digest}` : `${foundIn}:${tag.tag}`, digest };
}

function describeFile({ name, node }: NamedNode): LayerFile {
  const { type, sizeBytes, mode, uid, gid, modifiedAtMs, linkTarget, children } = node;
  return { name, type, sizeBytes, mode, uid, gid, modifiedAtMs, linkTarget, entryCount: children?.size ?? null };
}

async function readPart(
  blobs: ContentParts["blobs"],
  digest: OpenImage["manifest"]["digest"],
  bytes: number,
): Promise<BytesRead> {
  if (bytes === 0) return { body: new Blob([]), bytes: 0 };
  const body = await blobs.read(digest, { start: 0, end: bytes });
  if (body === null) throw new RegistryError("BLOB_UNKNOWN", `${digest} is not here any more`);
  return { body, bytes };
}
