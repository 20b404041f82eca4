import type { NotifySocket } from "../lib/systemd/notify-socket.ts";

/** While the server starts or stops, so often the manager hears that it still works on it. */
const AGAIN_MS = 5000;
/** And for so long it believes that. */
const BELIEVED_MICROS = 60_000_000;
/** What a line of status may take. */
const STATUS_CHARS = 300;

/**
 * Tells the service manager (systemd's `Type=notify`) what the server is about, as sd_notify(3) has it: that it starts and takes
 * its time, serves, reads its settings again, ends; and, as long as the event loop turns, that it lives.
 */
export class ServiceNotices {
  readonly #socket: NotifySocket;
  readonly #watchdogMs: number | null;
  #working: Timer | null = null;
  #living: Timer | null = null;
  #isReady = false;

  /** `watchdogMs`: after such a silence the manager ends the process; null: it does not watch. */
  constructor(socket: NotifySocket, watchdogMs: number | null) {
    this.#socket = socket;
    this.#watchdogMs = watchdogMs;
  }

  /** A store that is large, or of an older version, takes its time to open. */
  starting(): void {
    this.#work(["STATUS=opens the store"]);
  }

  /** It serves. `status` tells people what. */
  ready(status: string): void {
    this.#rest();
    this.#isReady = true;
    this.#socket.send(["READY=1", statusLine(status)]);
    if (this.#watchdogMs === null || this.#living !== null) return;
    const live = () => void this.#socket.send(["WATCHDOG=1"]);
    live();
    this.#living = setInterval(live, this.#watchdogMs / 3);
    this.#living.unref();
  }

  /** It reads its settings again; `ready` says that it has. Before it serves, that is nothing new. */
  reloading(): void {
    if (this.#isReady) this.#socket.send(["RELOADING=1", `MONOTONIC_USEC=${this.#socket.monotonicMicros()}`]);
  }

  /** It ends, which open transfers may hold up. */
  stopping(): void {
    if (this.#living !== null) clearInterval(this.#living);
    this.#work(["STOPPING=1", "STATUS=lets open transfers end"]);
  }

  /** What went wrong: people see it beside the service that failed. */
  failed(message: string): void {
    this.#rest();
    this.#socket.send([statusLine(message)]);
  }

  #work(lines: readonly string[]): void {
    this.#rest();
    const more = `EXTEND_TIMEOUT_USEC=${BELIEVED_MICROS}`;
    this.#socket.send([...lines, more]);
    this.#working = setInterval(() => void this.#socket.send([more]), AGAIN_MS);
    this.#working.unref();
  }

  #rest(): void {
    if (this.#working !== null) clearInterval(this.#working);
    this.#working = null;
  }
}

function statusLine(words: string): string {
  const line = words.replaceAll(/\s+/g, " ").trim();
  return `STATUS=${line.length > STATUS_CHARS ? `${line.slice(0, STATUS_CHARS - 1)}…` : line}`;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What a service manager says to the process that it started, which is no business of that one's children. */
const OF_THE_MANAGER: ReadonlySet<string> = new Set([
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
  "LISTEN_PID",
]);

/** The variables without those that the service manager meant for this process alone. */
export function withoutManager(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_THE_MANAGER.has(name)));
}

/** The way to the service manager that started this process; null: none did, or it wants to hear nothing. */
export async function openServiceNotices(environment: Environment): Promise<ServiceNotices | null> {
  const name = environment["NOTIFY_SOCKET"] ?? "";
  if (name === "") return null;
  const { openNotifySocket } = await import("../lib/systemd/notify-socket.ts");
  const socket = openNotifySocket(name);
  return socket === null ? null : new ServiceNotices(socket, watchdogOf(environment));
}

/** Null when nobody watches, or another process is watched: the one that started this one. */
function watchdogOf({ WATCHDOG_USEC: micros = "", WATCHDOG_PID: pid = "" }: Environment): number | null {
  if (pid !== "" && pid !== String(process.pid)) return null;
  const ms = /^\d{1,15}$/.test(micros) ? Number(micros) / 1000 : 0;
  return ms > 0 ? ms : null;
}
