import { cpuSeconds, peakMemory } from "./process-usage.ts";

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 10_000;
/** A run that breaks off leaves no process behind (where Linux's setpriv is). */
const DIE_WITH_BENCH = Bun.which("setpriv") === null ? [] : ["setpriv", "--pdeathsig", "KILL", "--"];

/** A server under test, a process of its own. */
export type ServerProcess = {
  readonly url: string;
  readonly pid: number;
  /** Milliseconds from its start to its first answer. */
  readonly startMs: number;
  cpuSeconds(): number;
  /** In bytes. */
  peakMemory(): number;
  stop(): Promise<void>;
};

/** Starts a server and waits until it answers `path`. `onLine` gets what it prints to standard output, line by line. */
export async function startServer(
  argv: readonly string[],
  url: string,
  { path = "/", onLine = () => {} }: { path?: string; onLine?: (line: string) => void } = {},
): Promise<ServerProcess> {
  const startedMs = performance.now();
  const child = Bun.spawn([...DIE_WITH_BENCH, ...argv], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  void readLines(child.stdout, onLine);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    await child.exited;
    clearTimeout(timer);
  };
  while (!(await answers(url + path))) {
    if (child.exitCode !== null || performance.now() - startedMs > START_LIMIT_MS) {
      await stop();
      throw new Error(`no answer from: ${argv.join(" ")}`);
    }
    await Bun.sleep(1);
  }
  const startMs = performance.now() - startedMs;
  return {
    url,
    pid: child.pid,
    startMs,
    cpuSeconds: () => cpuSeconds(child.pid),
    peakMemory: () => peakMemory(child.pid),
    stop,
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { keepalive: false });
    await response.arrayBuffer();
    return true;
  } catch {
    return false; // Not yet: the loop that asks has a limit.
  }
}

async function readLines(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) onLine(line);
  }
}
