import type { NodeFiles } from "./node-files.ts";

/** A program that runs. `program` runs the same file, even after an update has replaced it. */
export type RunningProcess = { readonly id: string; readonly program: string; readonly argv: readonly string[] };

/** The first process of that name that is the machine's own: root's, and in no container. Null when there is none. */
export async function findProcess(name: string, files: NodeFiles): Promise<RunningProcess | null> {
  const ids = (await files.list("/proc")).filter((entry) => /^\d+$/.test(entry));
  for (const id of ids.sort((a, b) => Number(a) - Number(b))) {
    const folder = `/proc/${id}`;
    // A process may end while it is looked at.
    const read = (file: string) => files.read(`${folder}/${file}`).catch(() => null);
    if ((await read("comm"))?.trim() !== name) continue;
    if (/^Uid:\s*[1-9]/m.test((await read("status")) ?? "")) continue;
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
    return { id, program: `${folder}/exe`, argv };
  }
  return null;
}
