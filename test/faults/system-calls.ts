/** What a larder asks of the kernel, in its order, as `strace` sees it. */
import { readFileSync } from "node:fs";

/** Calls that write, sync, and move names; and those that answer a client. */
const CALLS =
  "fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg";

/** A call: `begins` and `ends` are its places in the order of all beginnings and ends. */
export type SystemCall = {
  readonly name: string;
  readonly text: string;
  readonly begins: number;
  readonly ends: number;
};

/** A command that runs its arguments under `strace`, which writes to `path`. The process that is started is the traced one. */
export function tracing(path: string): readonly string[] {
  // -D: strace is the grandchild, so signals go to larder. -y: descriptors have the paths of their files.
  return ["strace", "-D", "-f", "-y", "-s", "200", "-o", path, "-e", `trace=${CALLS}`, "-e", "signal=none", "--"];
}

/** The calls so far that were successful. */
export function systemCalls(path: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { text: string; begins: number }>();
  for (const [place, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const [, thread = "", event = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (event.endsWith("<unfinished ...>")) {
      unfinished.set(thread, { text: event.replace("<unfinished ...>", ""), begins: place });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(event)?.[1];
    const beginning = resumed === undefined ? undefined : unfinished.get(thread);
    const text = (beginning?.text ?? "") + (resumed ?? event);
    if (!/\) += \d+/.test(text)) continue;
    calls.push({ name: text.slice(0, text.indexOf("(")), text, begins: beginning?.begins ?? place, ends: place });
  }
  return calls;
}
