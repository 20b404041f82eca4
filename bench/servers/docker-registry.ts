import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { type ServerProcess, startServer } from "../server-process.ts";

/**
 * Distribution with the settings of Debian's package: files, and descriptors of blobs cached in memory. It logs errors
 * only, as larder does here. With `onRequest` it writes its access log, whose lines `onRequest` gets.
 */
export async function startDockerRegistry(
  program: string,
  folder: string,
  onRequest?: (line: string) => void,
): Promise<ServerProcess> {
  const port = freePort();
  const config = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: onRequest === undefined } },
    storage: {
      cache: { blobdescriptor: "inmemory" },
      filesystem: { rootdirectory: join(folder, "data") },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${port}`, secret: "bench" },
  };
  await mkdir(folder, { recursive: true });
  await Bun.write(join(folder, "config.yml"), JSON.stringify(config));
  return startServer([program, "serve", join(folder, "config.yml")], `http://127.0.0.1:${port}`, {
    path: "/v2/",
    onLine: onRequest ?? (() => {}),
  });
}
