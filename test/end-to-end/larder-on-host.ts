import { join } from "node:path";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
const START_TIMEOUT_MS = 20_000;

/**
 * Starts larder on a host, on ports 80 and 5000 of all of its addresses, with its data under the host's folder.
 * Resolves when it answers on both.
 */
export async function startLarder(host: LabHost, ...argv: readonly string[]): Promise<LabDaemon> {
  const data = join(host.folder, "larder");
  const reach = argv.includes("--upstream") ? [] : ["--offline"];
  const larder = host.start([PROGRAM, "serve", "--http", ":80", "--http", ":5000", "--data", data, ...reach, ...argv]);
  await larder.printed(/http:\/\/\S*:5000\b/, START_TIMEOUT_MS);
  await larder.until(async () => (await answers(host, 80)) && (await answers(host, 5000)), START_TIMEOUT_MS);
  return larder;
}

async function answers(host: LabHost, port: number): Promise<boolean> {
  const request = `process.exit((await fetch("http://127.0.0.1:${port}/v2/")).status < 500 ? 0 : 1)`;
  return (await host.run([process.execPath, "--eval", request], { timeoutMs: 5_000 })).status === 0;
}
