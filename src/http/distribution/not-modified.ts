import type { Digest } from "../../oci/digest.ts";

/** Does the client have this content already? `If-None-Match` by RFC 9110, section 13.1.2; the ETag is the quoted digest. */
export function isNotModified(request: Request, digest: Digest): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return false;
  return header.split(",").some((tag) => {
    const bare = tag.trim().replace(/^W\//, "");
    return bare === "*" || bare === `"${digest}"` || bare === digest;
  });
}
