import { readFileSync, readlinkSync } from "node:fs";
import * as v from "valibot";
import { takesSignals } from "../../lib/process/takes-signals.ts";

const text = v.nullable(v.pipe(v.string(), v.maxLength(4096)));

/** An identity as it stands in a file. */
export const processIdentity = v.object({
  pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
  startTicks: text,
  pidNamespace: text,
  networkNamespace: text,
});

/**
 * Which process one is, so that another that has its number later, or in another container, is not taken for it. What a
 * system without /proc does not tell is null.
 */
export type ProcessIdentity = {
  readonly pid: number;
  /** When it was started, in ticks since the machine was (proc_pid_stat(5), field 22). */
  readonly startTicks: string | null;
  /** The namespace that its number counts in, and that of its network: `pid:[4026531836]`. */
  readonly pidNamespace: string | null;
  readonly networkNamespace: string | null;
};

/** The process that runs this. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    pidNamespace: namespaceOf("pid"),
    networkNamespace: namespaceOf("net"),
  };
}

/**
 * What is known of that process: it is `reachable` (it runs, in the network that this one is in), `elsewhere` (in another
 * container or network, whence nothing can be told), or `ended`.
 */
export function stateOf({
  pid,
  startTicks,
  pidNamespace,
  networkNamespace,
}: ProcessIdentity): "reachable" | "elsewhere" | "ended" {
  if (pidNamespace !== namespaceOf("pid")) return "elsewhere";
  const isRunning = startTicks === null ? takesSignals(pid) : startTicksOf(pid) === startTicks;
  if (!isRunning) return "ended";
  return networkNamespace === namespaceOf("net") ? "reachable" : "elsewhere";
}

function startTicksOf(pid: number): string | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The program's name, in parentheses, may hold anything. Field 3 comes behind it; a zombie has ended.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
  } catch {
    return null; // There is no such process, or no /proc.
  }
}

function namespaceOf(kind: "pid" | "net"): string | null {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return null; // Not Linux.
  }
}
