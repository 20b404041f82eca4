/** Pushing through nginx as it comes, which takes bodies of 1 MiB, and through one that takes less. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { descriptorOf, makeBlob, makeManifest, TYPE } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushBlob, pushManifest, send } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { runLarder } from "./run-larder.ts";

const lab = requirement("nginx");
const LAYER_BYTES = 5_000_000;

describe.skipIf(!lab.met)("a copy through a proxy that takes small bodies alone", () => {
  let source: LarderProcess;
  let target: LarderProcess;
  let folder: string;
  let nginx: Bun.Subprocess;
  /** Of an nginx as it comes, and of one that takes 100 KiB. */
  let ports: readonly number[];

  beforeAll(async () => {
    [source, target] = await Promise.all([startLarder(), startLarder({ arguments: ["--open"] })]);
    folder = await mkdtemp(join(tmpdir(), "larder-nginx-"));
    const [config, layer] = [makeBlob(), makeBlob(LAYER_BYTES)];
    for (const blob of [config, layer]) await pushBlob(source.url, "big", blob);
    const layers = [descriptorOf(layer, TYPE.layer)];
    const image = { schemaVersion: 2, mediaType: TYPE.manifest, config: descriptorOf(config, TYPE.config), layers };
    await pushManifest(source.url, "big", makeManifest(image), "1");
    ports = await Promise.all([freePort(), freePort()]);
    const [standard = 0, tiny = 0] = ports;
    await writeFile(
      join(folder, "nginx.conf"),
      nginxText(folder, [serverOf(standard, target.url, ""), serverOf(tiny, target.url, "client_max_body_size 100k;")]),
    );
    const argv = ["nginx", "-e", "stderr", "-c", join(folder, "nginx.conf"), "-g", "daemon off;"];
    nginx = Bun.spawn(argv, { stdout: "ignore", stderr: "ignore" });
    const answers = (port: number) => fetch(`http://127.0.0.1:${port}/v2/`).then((response) => response.ok, no);
    await until("nginx passes requests on", async () => (await Promise.all(ports.map(answers))).every(Boolean));
  });
  afterAll(async () => {
    nginx?.kill();
    await nginx?.exited;
    await Promise.all([source?.stop(), target?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const copyTo = (port: number | undefined, name: string) => {
    const [from, to] = [`docker://${new URL(source.url).host}/big:1`, `docker://127.0.0.1:${port}/${name}:1`];
    return runLarder(new URL(source.url).host, ["copy", from, to]);
  };

  test("sends its large layer in chunks", async () => {
    const { status, errors } = await copyTo(ports[0], "chunked");
    expect(status, errors).toBe(0);
    expect((await send("GET", `${target.url}/v2/chunked/manifests/1`)).status).toBe(200);
  });

  test("names the proxy's setting when even small chunks are too large", async () => {
    // Not in a repository that could lend its layer.
    const { status, errors } = await copyTo(ports[1], "refused");
    expect([status, errors]).toEqual([1, expect.stringMatching(/answered 413.*client_max_body_size 0;/s)]);
  });
});

const no = (): boolean => false;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

function serverOf(port: number, target: string, more: string): string {
  return `server { listen 127.0.0.1:${port}; ${more} location / { proxy_pass ${target}; proxy_set_header Host $http_host; } }`;
}

/** Nothing is written outside of `folder`. */
function nginxText(folder: string, servers: readonly string[]): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
  // The folder is this user's alone, and so is nginx then.
  const user = process.getuid?.() === 0 ? "user root;" : "";
  return `${user}\npid ${folder}/nginx.pid;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${servers.join("\n")}\n}\n`;
}
