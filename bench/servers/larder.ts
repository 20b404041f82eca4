import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { type ServerProcess, startServer } from "../server-process.ts";

/** The program of this checkout, or what LARDER_BENCH_PROGRAM names: the compiled binary, or another checkout's. */
export const LARDER = process.env["LARDER_BENCH_PROGRAM"] ?? join(import.meta.dir, "..", "..", "larder");

/** larder with its defaults. Without `upstream` (a name and a URL) it is a registry and no more. */
export function startLarder(folder: string, upstream?: { name: string; url: string }): Promise<ServerProcess> {
  const port = freePort();
  const reach = upstream === undefined ? ["--offline"] : ["--upstream", `${upstream.name}=${upstream.url}`];
  const argv = [LARDER, "serve", "--http", `127.0.0.1:${port}`, "--data", folder, "--log-level", "error", ...reach];
  return startServer(argv, `http://127.0.0.1:${port}`, { path: "/v2/" });
}
