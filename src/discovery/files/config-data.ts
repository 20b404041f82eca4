/** What ConfigMaps and Secrets keep for programs to read: settings, lists, manifests, files of any kind. All of it is a guess. */
import type { Findings } from "../found/found-image.ts";
import { isVersionedName } from "../found/image-text.ts";
import { type LocatedMap, type LocatedScalar, stringAt, textPlace, valueAt } from "../found/located-value.ts";
import { type ManifestScanner, scanEmbeddedText } from "./embedded-text.ts";
import type { ManifestContext } from "./manifest-context.ts";
import { scanSettings } from "./settings.ts";

/** The fields of a ConfigMap or Secret that hold its data. */
export const DATA_FIELDS = ["data", "stringData", "binaryData"];

const DECODED_LIMIT = 2 * 1024 * 1024;

/** Adds what the data of a ConfigMap or Secret names. */
export function scanConfigData(
  resource: LocatedMap,
  context: ManifestContext,
  scanManifest: ManifestScanner,
  findings: Findings,
): void {
  const isSecret = stringAt(resource, "kind") === "Secret";
  for (const field of DATA_FIELDS) {
    const data = valueAt(resource, field);
    if (data?.type !== "map") continue;
    const isEncoded = field === "binaryData" || (isSecret && field === "data");
    const settings = new Map<string, LocatedScalar>();
    for (const [key, value] of data.entries) {
      if (value.type !== "scalar" || typeof value.value !== "string") continue;
      const scalar = isEncoded ? decode(value) : value;
      if (scalar !== null) settings.set(key, scalar);
    }
    for (const scalar of scanSettings(settings, context, findings)) {
      const text = scalar.text.trim();
      // In data a name with a version stands for itself, and can hardly be anything else.
      if (isVersionedName(text)) findings.image(textPlace(scalar), text, "guess", context.source);
      else scanEmbeddedText(scalar, context, scanManifest, findings);
    }
  }
}

/** The text that base64 stands for; null for anything that is no text, as keys and archives are. */
function decode(scalar: LocatedScalar): LocatedScalar | null {
  const encoded = scalar.text.replace(/\s+/g, "");
  if (encoded.length > (DECODED_LIMIT / 3) * 4 || !/^[A-Za-z\d+/]+={0,2}$/.test(encoded)) return null;
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(encoded, "base64"));
    // Control characters: no text that a program reads.
    if (/[^\P{Cc}\s]/u.test(text)) return null;
    return { ...scalar, value: text, text, textLine: scalar.line };
  } catch {
    // No UTF-8: a binary file.
    return null;
  }
}
