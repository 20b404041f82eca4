import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { median } from "../stats.ts";

/** What must not grow, at one moment. Sizes are in bytes; `files` are those of the data folder. */
export type Vitals = {
  readonly memory: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly disk: number;
  readonly files: number;
};

/** How much more may be there at the end than in the middle: a share, and what is always allowed. */
const ALLOWED: Readonly<Record<keyof Vitals, { readonly share: number; readonly more: number }>> = {
  memory: { share: 0.1, more: 16 << 20 },
  descriptors: { share: 0.1, more: 16 },
  threads: { share: 0, more: 2 },
  disk: { share: 0.1, more: 32 << 20 },
  files: { share: 0.1, more: 100 },
};

/** Looks at a process and its data folder. */
export function takeVitals(pid: number, dataFolder: string): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? Number.NaN);
  const sizes = readdirSync(dataFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0);
  return {
    memory: field("VmRSS") * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field("Threads"),
    disk: sizes.reduce((sum, size) => sum + size, 0),
    files: sizes.length,
  };
}

/** What has grown from the second third of the time to the last, as sentences; none: all of it is flat. */
export function findGrowth(samples: readonly Vitals[]): readonly string[] {
  const third = Math.floor(samples.length / 3);
  const typical = (part: readonly Vitals[], key: keyof Vitals) => median(part.map((one) => one[key]));
  return (Object.keys(ALLOWED) as (keyof Vitals)[]).flatMap((key) => {
    const before = typical(samples.slice(third, 2 * third), key);
    const after = typical(samples.slice(2 * third), key);
    const { share, more } = ALLOWED[key];
    return after <= before * (1 + share) + more ? [] : [`${key} grew from ${before} to ${after}`];
  });
}
