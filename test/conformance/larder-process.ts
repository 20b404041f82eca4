/**
 * A larder of the tests' own: `./larder serve` as a child process, on a port and in a data folder that nobody else uses.
 *
 * What it says on standard output and standard error is kept, for messages of tests that fail.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
/** A run that breaks off, or a test that fails before it stops larder, leaves no process behind (where Linux helps). */
const DIE_WITH_TESTS = Bun.which("setpriv") === null ? [] : ["setpriv", "--pdeathsig", "KILL", "--"];
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 20_000;
const FIRST_URL = /\bhttps?:\/\/(?:\[[^\]\s]+\]|[^\s:/"',]+)(?::\d+)?/;

export type LarderOptions = {
  /** The address for `--http`; a free port on 127.0.0.1 unless said. */
  readonly http?: string;
  /** The folder for `--data`; kept when larder stops. Unless said, a temporary one that goes when larder stops. */
  readonly dataFolder?: string;
  /** Further arguments of `larder serve`. Without an `--upstream` among them larder is started with `--offline`. */
  readonly arguments?: readonly string[];
  /** Variables beyond PATH and HOME; nothing else of the tests' environment gets through. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that ends by executing its arguments: `["ip", "netns", "exec", NAME]`, `["prlimit", "--fsize=N"]`. */
  readonly wrapper?: readonly string[];
  /** How long it may take to listen; 20 seconds unless said. */
  readonly startLimitMs?: number;
};

export type LarderProcess = {
  /** The first URL that larder says it listens on, without a slash at the end. */
  readonly url: string;
  readonly dataFolder: string;
  /** Where it writes down that it runs, for `RUNTIME_DIRECTORY` of commands that are to find it, or to be its administrator. */
  readonly runtimeFolder: string;
  readonly pid: number;
  /** Resolves with the exit status, or 128 and the signal's number. */
  readonly exited: Promise<number>;
  /** Everything that larder has printed so far. */
  output(): string;
  /** Sends SIGTERM, and SIGKILL when that does not help. Resolves with the exit status; harmless when it has ended. */
  stop(): Promise<number>;
  /** Sends SIGKILL. The data folder stays, however it came to be. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
};

/** Starts larder and waits until it listens. Throws, with what larder printed, when it ends or stays silent. */
export async function startLarder(options: LarderOptions = {}): Promise<LarderProcess> {
  const dataFolder = options.dataFolder ?? (await mkdtemp(join(tmpdir(), "larder-test-")));
  const runtimeFolder = `${dataFolder}-run`;
  const serve = [PROGRAM, "serve", "--http", options.http ?? "127.0.0.1:0", "--data", dataFolder];
  const more = options.arguments ?? [];
  const reach = more.includes("--upstream") ? [] : ["--offline"];
  const child = Bun.spawn([...DIE_WITH_TESTS, ...(options.wrapper ?? []), ...serve, ...reach, ...more], {
    cwd: tmpdir(),
    // Every answer of the admin API is compared with its contract, whoever asks for it.
    env: {
      PATH: Bun.env["PATH"] ?? "",
      HOME: Bun.env["HOME"] ?? "",
      LARDER_CHECK_ANSWERS: "1",
      // Where it writes down that it runs: not where commands on this machine look for larders.
      RUNTIME_DIRECTORY: runtimeFolder,
      ...options.environment,
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const startLimitMs = options.startLimitMs ?? START_LIMIT_MS;
  let printed = "";
  const collect = async (stream: ReadableStream<Uint8Array>, seen: (text: string) => void): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const text = decoder.decode(chunk, { stream: true });
      printed += text;
      seen(text);
    }
  };
  const url = await new Promise<string>((resolve, reject) => {
    let standardOutput = "";
    const fail = (why: string): void => reject(new Error(`larder did not start: ${why}\n${printed}`));
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`no address on standard output within ${startLimitMs} ms`);
    }, startLimitMs);
    const ended = Promise.all([
      collect(child.stdout, (text) => {
        standardOutput += text;
        const found = FIRST_URL.exec(standardOutput);
        // A line that is still being written may hold half of a port.
        if (found === null || !standardOutput.slice(found.index).includes("\n")) return;
        clearTimeout(timer);
        resolve(found[0]);
      }),
      collect(child.stderr, () => {}),
    ]);
    void ended.then(async () => {
      clearTimeout(timer);
      fail(`it ended with status ${await child.exited}`);
    }, reject);
  });

  const stop = async (): Promise<number> => {
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
    const status = await child.exited;
    clearTimeout(timer);
    await rm(runtimeFolder, { recursive: true, force: true });
    if (options.dataFolder === undefined) await rm(dataFolder, { recursive: true, force: true });
    return status;
  };
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return {
    url,
    dataFolder,
    runtimeFolder,
    pid: child.pid,
    exited: child.exited,
    output: () => printed,
    stop,
    kill,
    signal: (name) => child.kill(name),
  };
}
