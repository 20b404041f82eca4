/**
 * Readers of one URL that take little and slowly. They hold raw connections: a client's HTTP library would read ahead
 * and hide how slow they are.
 */
import { jobOfProcess, reportResult, runLoad } from "./run-load.ts";

type SlowJob = { readonly url: string; readonly readers: number; readonly pauseMs: number; readonly forMs: number };

/** All that came, headers included, and how many readers still had their connection at the end. */
export type SlowResult = { readonly bytes: number; readonly alive: number };

/** Runs it as a process of its own: each reader pauses for `pauseMs` after whatever comes at once. */
export async function readSlowly(job: SlowJob): Promise<SlowResult> {
  return (await runLoad("slow-readers", job)) as SlowResult;
}

async function main({ url, readers, pauseMs, forMs }: SlowJob): Promise<SlowResult> {
  const { hostname, port, pathname } = new URL(url);
  let [bytes, alive] = [0, 0];
  const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`;
  const connect = () =>
    Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open(socket) {
          alive++;
          socket.write(request);
        },
        data(socket, data) {
          bytes += data.byteLength;
          socket.pause();
          setTimeout(() => socket.resume(), pauseMs);
        },
        close: () => void alive--,
      },
    });
  const sockets = await Promise.all(Array.from({ length: readers }, connect));
  await Bun.sleep(forMs);
  const result = { bytes, alive };
  for (const socket of sockets) socket.terminate();
  return result;
}

if (import.meta.main) {
  reportResult(await main(jobOfProcess() as SlowJob));
  process.exit(0); // Paused sockets have timers that would hold it up.
}
