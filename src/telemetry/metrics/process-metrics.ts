import { readdir, readFile } from "node:fs/promises";
import { counter, gauge, type MetricDefinition } from "./metric-family.ts";
import type { MetricReader, Reading } from "./metric-reader.ts";

const CPU = counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds");
const RESIDENT = gauge("process_resident_memory_bytes", "Resident memory size in bytes");
const VIRTUAL = gauge("process_virtual_memory_bytes", "Virtual memory size in bytes");
const START = gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds");
const OPEN_FILES = gauge("process_open_fds", "Number of open file descriptors");
const MOST_FILES = gauge("process_max_fds", "Maximum number of open file descriptors");

/**
 * The metrics of this process, under the names that all client libraries give them. What the system does not tell is
 * left out.
 *
 * Source: prometheus.io, "Writing client libraries", "Standard and runtime collectors"; proc(5).
 */
export function processMetrics(): MetricReader {
  const definitions = [CPU, RESIDENT, VIRTUAL, START, OPEN_FILES, MOST_FILES];
  return { name: "process", definitions, read: readProcess };
}

async function readProcess(): Promise<readonly Reading[]> {
  const { user, system } = process.cpuUsage();
  const [status, limits, files] = await Promise.all([textOf("status"), textOf("limits"), countOpenFiles()]);
  const values: readonly (readonly [MetricDefinition, number | null])[] = [
    [CPU, (user + system) / 1e6],
    [RESIDENT, kibibytesIn(status, "VmRSS")],
    [VIRTUAL, kibibytesIn(status, "VmSize")],
    [START, performance.timeOrigin / 1000],
    [OPEN_FILES, files],
    [MOST_FILES, numberIn(limits, /^Max open files\s+(\d+)/m)],
  ];
  return values.flatMap(([metric, value]) => (value === null ? [] : [{ metric, labels: [], value }]));
}

/** The text of a file about this process; empty where there is no `/proc`. */
function textOf(file: string): Promise<string> {
  return readFile(`/proc/self/${file}`, "utf8").catch(() => "");
}

/** Null where there is no `/proc`. The listing itself has one open. */
async function countOpenFiles(): Promise<number | null> {
  const names = await readdir("/proc/self/fd").catch(() => null);
  return names && Math.max(0, names.length - 1);
}

function kibibytesIn(status: string, key: string): number | null {
  const kibibytes = numberIn(status, new RegExp(`^${key}:\\s+(\\d+) kB`, "m"));
  return kibibytes === null ? null : kibibytes * 1024;
}

function numberIn(text: string, pattern: RegExp): number | null {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? null : Number(digits);
}
