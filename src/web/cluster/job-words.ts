import type { FetchJobDetails, FetchJobState } from "../../admin/fetch-job-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { countOf } from "./summary.ts";

/** An image of a job. */
export type JobImage = FetchJobDetails["images"][number];

/** How many images something has become of, and how many there are. */
export function progressOf({ counts }: Pick<FetchJobState, "counts">): { readonly done: number; readonly all: number } {
  const { waiting, brought, present, failed, cancelled } = counts;
  const done = brought + present + failed + cancelled;
  return { done, all: done + waiting };
}

/** What became of a job's images: `3 brought, 1 was here, 2 failed`. */
export function countsInWords({ counts }: Pick<FetchJobState, "counts">): string {
  const { waiting, brought, present, failed, cancelled } = counts;
  const parts = [
    brought > 0 && `${brought} brought`,
    present > 0 && `${present} here before`,
    failed > 0 && `${failed} failed`,
    cancelled > 0 && `${cancelled} cancelled`,
    waiting > 0 && `${waiting} to come`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? countOf(0, "image") : parts.join(", ");
}

/** What came so far, and how fast: `12 MB at 3 MB/s`. */
export function speedOf(bytes: number, bytesPerSecond: number | null): string {
  const rate = bytesPerSecond === null || bytesPerSecond < 1 ? "" : ` at ${formatBytes(Math.round(bytesPerSecond))}/s`;
  return `${formatBytes(bytes)}${rate}`;
}
