import type { Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type CertificateFacts, describeCertificate } from "../../signatures/describe-certificate.ts";
import { readStatement, type Statement } from "../../signatures/read-statement.ts";
import { SignatureRejected } from "../../signatures/signature.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { OpenImage } from "./image-part.ts";

/** A layer of a signature or an attestation, for people. */
export type ImageStatement = Pick<Statement, "form" | "payloadType" | "loggedAtMs"> & {
  readonly layer: Digest;
  readonly predicateType: string | null;
  /** Text; null: there is none, or it is too large, or no text. */
  readonly payload: string | null;
  readonly certificates: readonly CertificateFacts[];
  /** Why it could not be read; null when it was. */
  readonly why: string | null;
};

const LAYERS_LIMIT = 20;
/** Larger ones are bills of materials, which whoever looks undoes. */
const LAYER_LIMIT_BYTES = 1 << 20;

/** What the layers of a signature or an attestation say, the first of them. */
export async function readStatements(
  image: OpenImage,
  blobs: Pick<BlobStore, "read">,
  work: Work,
): Promise<readonly ImageStatement[]> {
  const statements: ImageStatement[] = [];
  for (const layer of image.parsed.layers.slice(0, LAYERS_LIMIT)) {
    await work.nextTurn();
    const { bytes, why } = await readLayer(image, layer, blobs);
    statements.push(bytes === null ? unread(layer, why) : await describe(layer, bytes));
  }
  return statements;
}

/** Are there more than are read? */
export function hasMoreStatements({ parsed }: OpenImage): boolean {
  return parsed.layers.length > LAYERS_LIMIT;
}

async function readLayer(
  { visit }: OpenImage,
  layer: Descriptor,
  blobs: Pick<BlobStore, "read">,
): Promise<{ readonly bytes: Uint8Array | null; readonly why: string }> {
  if (layer.size > LAYER_LIMIT_BYTES) return { bytes: null, why: "it is larger than 1 MiB: read it by itself" };
  if ((await visit.lacking([layer])).size > 0) return { bytes: null, why: "its content is not here" };
  const body = await blobs.read(layer.digest, { start: 0, end: layer.size });
  const bytes = body === null ? null : new Uint8Array(await new Response(body).arrayBuffer());
  return { bytes, why: "its content is not here any more" };
}

async function describe(layer: Descriptor, bytes: Uint8Array): Promise<ImageStatement> {
  try {
    const { certificates: der, payload, ...rest } = readStatement(layer.mediaType, bytes, layer.annotations ?? {});
    const certificates: CertificateFacts[] = [];
    for (const one of der) {
      const facts = await describeCertificate(one);
      if (facts !== null) certificates.push(facts);
    }
    const text = payload === null ? null : tryText(payload);
    const predicateType = text === null ? null : predicateIn(text);
    return { ...rest, layer: layer.digest, payload: text, predicateType, certificates, why: null };
  } catch (error) {
    if (error instanceof SignatureRejected) return unread(layer, `it ${error.message}`);
    throw error;
  }
}

function unread({ digest, mediaType }: Descriptor, why: string): ImageStatement {
  const nothing = { predicateType: null, payload: null, certificates: [], loggedAtMs: null };
  return { layer: digest, form: "other", payloadType: mediaType, ...nothing, why };
}

function tryText(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Found without reading all of a stranger's document: the page does that. */
function predicateIn(text: string): string | null {
  return /"predicateType"\s*:\s*"([^"\\]{1,500})"/.exec(text)?.[1] ?? null;
}
