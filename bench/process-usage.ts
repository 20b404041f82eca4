import { readdirSync, readFileSync } from "node:fs";

/** The kernel counts processor time in these (proc(5), "/proc/pid/stat"; USER_HZ is 100 on every Linux that Bun runs on). */
const TICKS_PER_SECOND = 100;

/** User and system time of a process and its descendants so far, those that have ended included, in seconds. */
export function cpuSeconds(pid: number): number {
  return treeOf(pid).reduce((sum, member) => sum + ticksOf(member), 0) / TICKS_PER_SECOND;
}

/** The most memory that a process has had resident (`VmHWM`), in bytes. */
export function peakMemory(pid: number): number {
  return statusField(pid, "VmHWM");
}

function statusField(pid: number, name: string): number {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? Number.NaN) * 1024;
}

function treeOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(treeOf)];
}

/** Behind the program's name, which may hold anything, come the fields from the third on: 14 to 17 are the times. */
function ticksOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}
