import { formatBytes } from "../lib/text/format-bytes.ts";
import { cutMiddle } from "../lib/text/fit-text.ts";

const BAR_CELLS = 24;
const LEAST_BAR_CELLS = 8;
const LEAST_LABEL_CELLS = 8;
const SHARE_CELLS = "999.9 MB of 999.9 MB".length;

/** A running transfer in a line of at most `columns` cells: what it is, a bar where there is room, how far it is. */
export function progressLine(
  {
    label,
    doneBytes,
    totalBytes,
  }: { readonly label: string; readonly doneBytes: number; readonly totalBytes: number | null },
  columns: number,
): string {
  const share = formatShare(doneBytes, totalBytes);
  const barCells = Math.min(BAR_CELLS, columns - Math.min(label.length, 30) - SHARE_CELLS - 6);
  if (barCells < LEAST_BAR_CELLS) {
    const room = Math.max(LEAST_LABEL_CELLS, columns - share.length - 2);
    return `${cutMiddle(label, room)}  ${share}`.slice(0, columns);
  }
  const room = columns - barCells - SHARE_CELLS - 6;
  return `${cutMiddle(label, room)}  ${bar(doneBytes, totalBytes, barCells)}  ${share}`;
}

/** `12.3 MB of 45.6 MB`, or what there is when the whole is not known. */
export function formatShare(doneBytes: number, totalBytes: number | null): string {
  return `${formatBytes(doneBytes)}${totalBytes === null ? "" : ` of ${formatBytes(totalBytes)}`}`;
}

/** `0:07`, `12:05`, `1:02:03`; never negative. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

function bar(doneBytes: number, totalBytes: number | null, cells: number): string {
  const share = totalBytes === null || totalBytes === 0 ? 0 : Math.min(1, doneBytes / totalBytes);
  const full = Math.round(share * cells);
  return `[${"#".repeat(full)}${"-".repeat(cells - full)}]`;
}
