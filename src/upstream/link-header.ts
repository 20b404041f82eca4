const HEADER_LIMIT = 16 * 1024;
const LINK = /<([^<>]*)>((?:[^,"<]|"(?:[^"\\]|\\[^])*")*)/g;
const RELATION = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i;

/**
 * The target of the first link with the relation `next`, as it is written: `/v2/_catalog?n=100&last=x`.
 * Null when there is none. Source: RFC 8288, section 3; distribution-spec v1.1.1, "Content Discovery".
 */
export function nextLink(header: string | null): string | null {
  if (header === null || header.length > HEADER_LIMIT) return null;
  for (const [, target, parameters] of header.matchAll(LINK)) {
    const relation = RELATION.exec(parameters ?? "");
    const names = (relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/);
    if (target !== undefined && names.includes("next")) return target;
  }
  return null;
}
