import type { NodeFiles } from "./node-files.ts";

/** A program that runs. `program` runs the same file, even after an update has replaced it. */
export type RunningProcess = { readonly id: string; readonly program: string; readonly argv: readonly string[] };

/** The first process of that name that is the machine's own. Null when there is none. */
export async function findProcess(name: string, files: NodeFiles): Promise<RunningProcess | null> {
  return (await findProcesses(name, files))[0] ?? null;
}

/** The processes of that name that are the machine's own: root's, and in no container. In the order of their ids. */
export async function findProcesses(name: string, files: NodeFiles): Promise<readonly RunningProcess[]> {
  const found: RunningProcess[] = [];
  const ids = (await files.list("/proc")).filter((entry) => /^\d+$/.test(entry));
  for (const id of ids.sort((a, b) => Number(a) - Number(b))) {
    const folder = `/proc/${id}`;
    // A process may end while it is looked at.
    const read = (file: string) => files.read(`${folder}/${file}`).catch(() => null);
    if ((await read("comm"))?.trim() !== name) continue;
    // Z: it has ended, and its parent has not heard of it yet.
    if (/^(?:Uid:\s*[1-9]|State:\s*Z)/m.test((await read("status")) ?? "")) continue;
    const isElsewhere = await Promise.all(
      ["pid", "net"].map(async (space) => {
        const [theirs, own] = await Promise.all([
          files.link(`${folder}/ns/${space}`),
          files.link(`/proc/self/ns/${space}`),
        ]);
        return theirs !== null && own !== null && theirs !== own;
      }),
    );
    if (isElsewhere.includes(true)) continue;
    const argv = ((await read("cmdline")) ?? "").split("\0").slice(0, -1);
    found.push({ id, program: `${folder}/exe`, argv });
  }
  return found;
}

/** Kernel ticks are hundredths of a second, on every machine that larder runs on. */
const TICK_MS = 10;

/**
 * When a process was started, by the clock of `now`; null when it has ended. To a hundredth of a second.
 * Source: proc(5), /proc/uptime and the 22nd field of /proc/PID/stat.
 */
export async function startOfProcess(id: string, files: NodeFiles, now: () => number): Promise<number | null> {
  const [stat, uptime] = await Promise.all([
    files.read(`/proc/${id}/stat`).catch(() => null),
    files.read("/proc/uptime"),
  ]);
  // At the very moment for which the kernel says how long it has run: what was looked at before may have taken seconds.
  const nowMs = now();
  if (stat === null || uptime === null) return null;
  // The name in parentheses, the second field, may hold blanks and parentheses.
  const afterName = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ageMs = Number(uptime.split(" ")[0]) * 1000 - Number(afterName[19]) * TICK_MS;
  return Number.isFinite(ageMs) ? nowMs - ageMs : null;
}
