import type { ServerProcess } from "./server-process.ts";

/** What work took: time on the clock, and the server's processor time. */
export type Cost = { readonly wallMs: number; readonly cpuSeconds: number };

/** The cost of `work` to `server`; the time on the clock is what the load generator says. */
export async function costOf(server: ServerProcess, work: () => Promise<{ wallMs: number }>): Promise<Cost> {
  const before = server.cpuSeconds();
  const { wallMs } = await work();
  return { wallMs, cpuSeconds: server.cpuSeconds() - before };
}
