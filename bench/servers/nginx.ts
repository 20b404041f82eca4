import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import { type ServerProcess, startServer } from "../server-process.ts";

/** nginx as a plain file server of `root`: one worker, sendfile, kept connections, no access log. */
export async function startNginx(program: string, folder: string, root: string): Promise<ServerProcess> {
  await Bun.write(join(root, "ready"), "");
  return start(program, folder, `root ${root};`, "/ready");
}

/** nginx as a slow line to another server: each answer passes it at `bytesPerSecond`. */
export function startLink(
  program: string,
  folder: string,
  server: ServerProcess,
  bytesPerSecond: number,
): Promise<ServerProcess> {
  const location = `location / {
    proxy_pass ${server.url};
    proxy_set_header Host $http_host;
    proxy_max_temp_file_size 0;
    proxy_buffers 16 64k;
    limit_rate ${bytesPerSecond};
  }`;
  return start(program, folder, location, "/v2/");
}

async function start(program: string, folder: string, service: string, path: string): Promise<ServerProcess> {
  const port = freePort();
  await mkdir(folder, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  await Bun.write(
    join(folder, "nginx.conf"),
    `
    ${isRoot ? "user root;" : ""}
    daemon off;
    worker_processes 1;
    pid ${join(folder, "nginx.pid")};
    error_log stderr error;
    events { worker_connections 1024; }
    http {
      access_log off;
      sendfile on;
      tcp_nopush on;
      keepalive_requests 100000000;
      default_type application/octet-stream;
      ${temporary.map((name) => `${name}_temp_path ${join(folder, name)};`).join(" ")}
      server { listen 127.0.0.1:${port}; ${service} }
    }`,
  );
  return startServer([program, "-c", join(folder, "nginx.conf"), "-p", folder], `http://127.0.0.1:${port}`, { path });
}
