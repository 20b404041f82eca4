import type { AdminClient } from "../admin/admin-client.ts";
import { PAGE_LIMIT } from "../admin/image-schemas.ts";
import type { UntaggedImage } from "../admin/retention-schemas.ts";
import { formatBytes } from "../lib/text/format-bytes.ts";
import { timeOf } from "./json/json-values.ts";
import type { Column } from "./table.ts";

/** All manifests without a tag whose names hold a text. */
export async function listUntagged(larder: AdminClient, text: string): Promise<readonly UntaggedImage[]> {
  const rows: UntaggedImage[] = [];
  const search = text === "" ? {} : { search: text };
  for (let after: string | undefined; ; ) {
    const page = await larder.call("listUntagged", { ...search, limit: PAGE_LIMIT, after });
    rows.push(...page.images);
    if (page.next === null) return rows;
    after = page.next;
  }
}

/** The columns of the table. */
export const UNTAGGED_COLUMNS: readonly Column[] = [
  { title: "MANIFEST", kind: "name" },
  { title: "SIZE", kind: "fact" },
  { title: "LOST ITS TAG", kind: "fact" },
  { title: "PULLED (UTC)", kind: "fact" },
  { title: "GOES (UTC)", kind: "fact" },
  { title: "TYPE", kind: "fact" },
  { title: "KEPT BY", kind: "prose" },
];

/** A row of the table. */
export function untaggedCells(image: UntaggedImage): readonly string[] {
  const { name, sizeBytes, leftBehindAtMs, pulledAtMs, goesAtMs, mediaType, heldBy } = image;
  const lost = leftBehindAtMs === null ? "never had one" : dateOf(leftBehindAtMs);
  const goes = goesAtMs === null ? "stays" : dateOf(goesAtMs);
  return [name, formatBytes(sizeBytes), lost, dateOf(pulledAtMs), goes, shortType(mediaType), heldBy ?? "-"];
}

/** As `--json` has it. */
export function untaggedResult({ name, leftBehindAtMs, pulledAtMs, goesAtMs, ...rest }: UntaggedImage) {
  const times = { leftBehindAt: timeOf(leftBehindAtMs), pulledAt: timeOf(pulledAtMs), goesAt: timeOf(goesAtMs) };
  return { image: name, ...rest, ...times };
}

function dateOf(ms: number | null): string {
  return ms === null ? "-" : new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** The end of a media type says what it is: `image.manifest.v1`, `distribution.manifest.list.v2`. */
function shortType(mediaType: string): string {
  return mediaType.replace(/^application\/vnd\.(?:oci|docker)\./, "").replace(/\+json$/, "");
}
