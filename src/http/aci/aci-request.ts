import { tryParseAciPlatform } from "../../aci/convert/aci-platform.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import type { Platform } from "../../oci/platform.ts";
import { RegistryError } from "../../oci/registry-error.ts";

/** A parsed path below `/aci/`: the name of a file and, of an ACI, the platform. */
export type AciRequest = {
  /** Without `.aci` and `.asc`; the whole path when it has neither. */
  readonly stem: string;
  readonly kind: "aci" | "signature" | "other";
  /** The path's components, decoded: none is empty, begins with a dot, or holds a slash. */
  readonly segments: readonly string[];
  /** Null when the client does not say. */
  readonly platform: Platform | null;
};

/** A name of 255 characters, a host before it, a tag, and room for escapes. */
const PATH_LIMIT = 2048;

/**
 * Parses the part of a path behind `/aci/`; null when it can be no file. Throws BAD_REQUEST for a platform that is
 * none.
 */
export function parseAciRequest(path: string, search: string): AciRequest | null {
  if (path.length > PATH_LIMIT) return null;
  const segments = path.split("/").map(decodeSegment);
  if (!segments.every((segment) => segment !== null)) return null;
  const whole = segments.join("/");
  const match = /^(.+)\.aci(\.asc)?$/s.exec(whole);
  const kind = match === null ? "other" : match[2] === undefined ? "aci" : "signature";
  return { stem: match?.[1] ?? whole, kind, segments, platform: parsePlatform(search) };
}

/** Null for what no file of ours is called; hidden files are those that a copying program has not finished yet. */
function decodeSegment(segment: string): string | null {
  try {
    const decoded = decodeURIComponent(segment);
    return decoded === "" || decoded.startsWith(".") || /[/\0]/.test(decoded) ? null : decoded;
  } catch {
    return null; // A percent sign that encodes nothing.
  }
}

function parsePlatform(search: string): Platform | null {
  const query = new URLSearchParams(search);
  const [os, arch] = [query.get("os"), query.get("arch")];
  if (os === null && arch === null) return null;
  const platform = tryParseAciPlatform(os ?? "linux", arch ?? "amd64");
  if (platform !== null) return platform;
  throw new RegistryError(
    "BAD_REQUEST",
    `os=${quoteBriefly(os ?? "")} and arch=${quoteBriefly(arch ?? "")} are no platform; write os=linux&arch=amd64, or arch=aarch64`,
  );
}
