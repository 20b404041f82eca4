/** Gets a URL and throws its bytes away, `clients` at once, `repeat` times each, over connections of their own. */
import { jobOfProcess, reportResult, runLoad } from "./run-load.ts";

type PullJob = { readonly url: string; readonly clients: number; readonly repeat: number; readonly bytes: number };

/** `firstByteMs` is the first client's. */
export type PullResult = { readonly wallMs: number; readonly firstByteMs: number };

/** Runs it as a process of its own. Each body must have `bytes` bytes. */
export async function pull(url: string, bytes: number, { clients = 1, repeat = 1 } = {}): Promise<PullResult> {
  const job: PullJob = { url, clients, repeat, bytes };
  return (await runLoad("pull", job)) as PullResult;
}

async function get(url: string, bytes: number): Promise<number> {
  const startedMs = performance.now();
  const response = await fetch(url, { decompress: false });
  if (!response.ok) throw new Error(`status ${response.status} of ${url}: ${await response.text()}`);
  let firstByteMs: number | null = null;
  let received = 0;
  for await (const chunk of response.body ?? []) {
    firstByteMs ??= performance.now() - startedMs;
    received += chunk.byteLength;
  }
  if (received !== bytes) throw new Error(`${received} of ${bytes} bytes came from ${url}`);
  return firstByteMs ?? performance.now() - startedMs;
}

async function main({ url, clients, repeat, bytes }: PullJob): Promise<PullResult> {
  const startedMs = performance.now();
  const firstBytes = await Promise.all(
    Array.from({ length: clients }, async () => {
      const first = await get(url, bytes);
      for (let done = 1; done < repeat; done++) await get(url, bytes);
      return first;
    }),
  );
  return { wallMs: performance.now() - startedMs, firstByteMs: Math.min(...firstBytes) };
}

if (import.meta.main) reportResult(await main(jobOfProcess() as PullJob));
