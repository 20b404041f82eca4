/**
 * Places where tests make the process fail: killed, or refused by the disk, just before a step that others will rely on.
 *
 * `LARDER_FAULT=POINT@N=WHAT` arms one of them in this process: the Nth time that POINT is passed, WHAT happens: `kill` is
 * `kill -9`, anything else is the code of a system call's error, such as `ENOSPC`. `LARDER_FAULT=count` makes the process write how
 * often it passed each, as JSON, into the file that `LARDER_FAULT_COUNTS` names, at each of them. Unarmed, passing one is a
 * comparison.
 */
import { writeFileSync } from "node:fs";

/** All points, by what comes next. */
export const FAULT_POINTS = [
  "upload.create",
  "upload.write",
  "upload.sync",
  "intake.begin",
  "intake.sync",
  "blob.rename",
  "blob.sync-folder",
  "blob.remove",
  "aside.move",
  "aside.sync-folder",
  "database.commit",
  "database.sync",
  "journal.write",
  "journal.sync",
  "snapshot.write",
  "snapshot.rename",
  "upgrade.keep",
  "upgrade.rename",
  "upgrade.apply",
  "upgrade.commit",
] as const;

/** The name of a place. */
export type FaultPoint = (typeof FAULT_POINTS)[number];

type Armed = { readonly point: string; readonly time: number; readonly what: string };

const armed = readArmed(process.env["LARDER_FAULT"] ?? "");
const countsPath = process.env["LARDER_FAULT_COUNTS"] ?? null;
const isCounting = process.env["LARDER_FAULT"] === "count" && countsPath !== null;
const isIdle = armed === null && !isCounting;
const passed = new Map<FaultPoint, number>();

/** Passes a point. Throws the error of a system call, or ends the process, when a test has asked for it. */
export function passFaultPoint(point: FaultPoint): void {
  if (isIdle) return;
  const times = (passed.get(point) ?? 0) + 1;
  passed.set(point, times);
  if (isCounting) writeFileSync(countsPath, JSON.stringify(Object.fromEntries(passed)));
  else if (armed?.point === point && armed.time === times) strike(armed.what, point);
}

function strike(what: string, point: FaultPoint): void {
  if (what === "kill") process.kill(process.pid, "SIGKILL");
  throw Object.assign(new Error(`${what}: made to fail at ${point}`), { code: what, errno: ERRNO[what] ?? -5 });
}

/** Source: errno(3). */
const ERRNO: Readonly<Record<string, number>> = { EIO: -5, ENOSPC: -28, EROFS: -30, EDQUOT: -122 };

function readArmed(text: string): Armed | null {
  const [, point = "", time = "", what = ""] = /^([a-z.-]+)@(\d+)=(\w+)$/.exec(text) ?? [];
  return point === "" ? null : { point, time: Number(time), what };
}
