/**
 * The paths of the distribution API, each parsed once into one typed value.
 *
 * Source: distribution-spec v1.1.1, "Endpoints"; `_catalog` from Docker's Registry HTTP API V2. A host may stand before
 * `/v2/` (`/quay.io/v2/…`): that is how some mirror settings keep registries apart.
 */

import { remembered } from "../../lib/text/remembered.ts";

/** A parsed path of the API. Names, references and digests are decoded but not checked. */
export type Route =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "tags"; readonly name: string }
  | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
  | { readonly kind: "blob"; readonly name: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly name: string }
  | { readonly kind: "upload"; readonly name: string; readonly id: string }
  | { readonly kind: "referrers"; readonly name: string; readonly digest: string };

/** The methods that each kind of path has. */
export const METHODS: Readonly<Record<Route["kind"], readonly string[]>> = {
  base: ["GET", "HEAD"],
  catalog: ["GET", "HEAD"],
  tags: ["GET", "HEAD"],
  manifest: ["GET", "HEAD", "PUT", "DELETE"],
  blob: ["GET", "HEAD", "DELETE"],
  uploads: ["POST"],
  upload: ["GET", "HEAD", "PATCH", "PUT", "DELETE"],
  referrers: ["GET", "HEAD"],
};

/** A path of the distribution API. `prefix` is the host before `/v2/`. */
export type DistributionPath = { readonly prefix: string | null; readonly route: Route };

/** Longer paths are nobody's: a name of 255 characters, a digest of 135, and what stands between. */
const PATH_LIMIT = 1024;

/** Parses a path; null when it is none of the distribution API's. */
export const parseDistributionPath: (path: string) => DistributionPath | null = remembered((path) => {
  if (path.length > PATH_LIMIT) return null;
  const segments = decodeSegments(path);
  if (segments === null) return null;
  const prefixed = segments[0] !== "v2";
  if (prefixed && segments[1] !== "v2") return null;
  const route = parseRoute(prefixed ? segments.slice(2) : segments.slice(1));
  return route && { prefix: prefixed ? (segments[0] ?? null) : null, route };
});

function decodeSegments(path: string): string[] | null {
  const segments = path.slice(1).split("/");
  if (!path.includes("%")) return segments;
  try {
    return segments.map((segment) => {
      const decoded = decodeURIComponent(segment);
      // A slash in disguise would make two components of one; as it stands, every grammar refuses it.
      return decoded.includes("/") ? segment : decoded;
    });
  } catch {
    return null; // A percent sign that encodes nothing: no name of ours has one.
  }
}

function parseRoute(segments: readonly string[]): Route | null {
  const count = segments.length;
  if (count === 0 || (count === 1 && segments[0] === "")) return { kind: "base" };
  if (count === 1 && segments[0] === "_catalog") return { kind: "catalog" };
  const [before, last] = [segments[count - 2], segments[count - 1] ?? ""];
  const name = (length: number) => segments.slice(0, count - length).join("/");
  // `/blobs/uploads/` and `/blobs/uploads` begin a session; `/blobs/uploads/ID` is one.
  if (count >= 4 && before === "uploads" && segments[count - 3] === "blobs") {
    return last === "" ? { kind: "uploads", name: name(3) } : { kind: "upload", name: name(3), id: last };
  }
  if (count < 3) return null;
  if (before === "manifests") return { kind: "manifest", name: name(2), reference: last };
  if (before === "blobs" && last === "uploads") return { kind: "uploads", name: name(2) };
  if (before === "blobs") return { kind: "blob", name: name(2), digest: last };
  if (before === "referrers") return { kind: "referrers", name: name(2), digest: last };
  if (before === "tags" && last === "list") return { kind: "tags", name: name(2) };
  return null;
}
