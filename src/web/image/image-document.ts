import type { AnswerOf } from "../../admin/contract.ts";

/** What the admin API tells of an image. */
export type Inspected = AnswerOf<"getImage">;

/** What an index lists: a platform's image, an attestation about one, or something else. */
export type ListedManifest = {
  readonly digest: string;
  readonly platform: string | null;
  readonly mediaType: string;
  readonly artifactType: string | null;
  readonly sizeBytes: number;
  readonly isHere: boolean;
  /** The image that BuildKit's attestation is about; null: it is none. */
  readonly attestsTo: string | null;
};

/** A layer, as its image's manifest tells of it. */
export type Layer = { readonly digest: string; readonly sizeBytes: number; readonly mediaType: string };

/** A manifest as it was written. */
export type ImageDocument = {
  readonly text: string;
  /** Null: it is no JSON that a browser reads. */
  readonly json: unknown;
  readonly listed: readonly ListedManifest[];
  readonly config: Layer | null;
};

/** Reads the manifest that came along with what is known of an image. */
export function documentOf({ manifestBase64, platforms }: Inspected): ImageDocument {
  const text = new TextDecoder().decode(bytesOf(manifestBase64));
  const json = tryParse(text);
  const entries = listIn(json, "manifests");
  const described = new Map(entries.map((entry) => [textIn(entry, "digest") ?? "", entry]));
  const listed = platforms.map(({ digest, platform, isHere }) => {
    const entry = described.get(digest);
    const annotations = objectIn(entry, "annotations");
    const isAttestation = textIn(annotations, "vnd.docker.reference.type") === "attestation-manifest";
    return {
      digest,
      platform,
      isHere,
      mediaType: textIn(entry, "mediaType") ?? "",
      artifactType: textIn(entry, "artifactType"),
      sizeBytes: numberIn(entry, "size"),
      attestsTo: isAttestation ? textIn(annotations, "vnd.docker.reference.digest") : null,
    };
  });
  const config = objectIn(json, "config");
  const digest = textIn(config, "digest");
  return {
    text,
    json,
    listed,
    config:
      digest === null
        ? null
        : { digest, sizeBytes: numberIn(config, "size"), mediaType: textIn(config, "mediaType") ?? "" },
  };
}

/** The bytes of a text in base64. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** JSON, or null for what is none. */
export function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // A stranger's: it is shown as text.
  }
}

/** A member that is an object; null when there is none. */
export function objectIn(value: unknown, name: string): Readonly<Record<string, unknown>> | null {
  const member = memberOf(value, name);
  return typeof member === "object" && member !== null && !Array.isArray(member)
    ? (member as Readonly<Record<string, unknown>>)
    : null;
}

/** A member that is a list; an empty one when there is none. */
export function listIn(value: unknown, name: string): readonly unknown[] {
  const member = memberOf(value, name);
  return Array.isArray(member) ? member : [];
}

/** A member that is a text and not empty; null when there is none. */
export function textIn(value: unknown, name: string): string | null {
  const member = memberOf(value, name);
  return typeof member === "string" && member !== "" ? member : null;
}

function numberIn(value: unknown, name: string): number {
  const member = memberOf(value, name);
  return typeof member === "number" ? member : 0;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
