import { isManifestType } from "../../oci/media-type.ts";

/**
 * What a HEAD of a tag tells of the client's intent. Some clients ask before they push a tag, and when the digest is
 * theirs they take it for pushed: nothing follows.
 *
 * - `push`: containerd, BuildKit and Docker's containerd store accept the one type of the manifest that they have,
 *   else anything; a pull names all types. go-containerregistry (crane, ko, kaniko) sends nothing that differs; its
 *   readers ask by GET when HEAD fails.
 * - `either`: regclient (regctl, regsync) asks in the same way before it pushes and when it only reads.
 */
export type PushIntent = "none" | "either" | "push";

/** Reads the intent from a request's headers. */
export function pushIntentOf(headers: Headers): PushIntent {
  const userAgent = headers.get("user-agent") ?? "";
  if (userAgent.includes("go-containerregistry") || acceptsOneType(headers.get("accept") ?? "")) return "push";
  return userAgent.includes("regclient") ? "either" : "none";
}

function acceptsOneType(accept: string): boolean {
  const types = accept.split(",").map((type) => type.trim());
  return types.length === 2 && types[1] === "*/*" && isManifestType(types[0] ?? "");
}
