/** Real proxies on larder's own machine: as they come, and as docs/server.md has them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "../../src/upstream/transport/certificate.fixture.ts";
import { requirement } from "../requirement.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
const DOCUMENT = join(import.meta.dir, "..", "..", "docs", "server.md");
const READY_TIMEOUT_MS = 20_000;
const SETUP_TIMEOUT_MS = 60_000;

type Answer = { readonly status: number; readonly text: string };

/** Runs on a host: one request, its answer as JSON on standard output. */
const CLIENT = `
  const { method, url, headers, bodyBytes } = JSON.parse(process.argv.at(-1));
  const body = bodyBytes === 0 ? {} : { body: new Uint8Array(bodyBytes) };
  const response = await fetch(url, { method, headers, ...body, tls: { rejectUnauthorized: false } });
  console.log(JSON.stringify({ status: response.status, text: await response.text() }));
`;

/** One request from the address that the documentation gives to proxies, and what comes back. */
const FROM_TRUSTED_ADDRESS = `
  const { connect } = await import("node:net");
  const socket = connect({ host: "127.0.0.1", port: 5000, localAddress: "127.0.0.2" });
  socket.write("POST /v2/a/blobs/uploads/ HTTP/1.1\\r\\nHost: localhost:5000\\r\\nContent-Length: 0\\r\\n\\r\\n");
  socket.on("data", (bytes) => { console.log(String(bytes)); socket.destroy(); });
`;

async function send(
  host: LabHost,
  method: string,
  url: string,
  headers: Record<string, string> = {},
  bodyBytes = 0,
): Promise<Answer> {
  const request = JSON.stringify({ method, url, headers, bodyBytes });
  return JSON.parse(await host.exec([process.execPath, "-e", CLIENT, request])) as Answer;
}

const beginPush = (host: LabHost, base: string, headers: Record<string, string> = {}): Promise<Answer> =>
  send(host, "POST", `${base}/v2/team/app/blobs/uploads/`, headers);

/** The proxy's configuration file `path` has `text`; resolves when it passes requests on. */
async function startProxy(
  host: LabHost,
  argv: readonly string[],
  path: string,
  text: string,
  url: string,
): Promise<LabDaemon> {
  await host.writeFile(path, text);
  const proxy = host.start(argv);
  const answers = (): Promise<boolean> => send(host, "GET", `${url}/v2/`).then(({ status }) => status === 200, no);
  await proxy.until(answers, READY_TIMEOUT_MS);
  return proxy;
}

const no = (): boolean => false;

/** Nothing is written outside of the lab. */
function nginxArguments(path: string): readonly string[] {
  return ["nginx", "-e", "stderr", "-c", path, "-g", "daemon off;"];
}

function nginxText(folder: string, user: string, server: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const paths = temporary.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join("\n");
  return `user ${user};\npid ${folder}/nginx.pid;\nevents {}\nhttp {\naccess_log off;\n${paths}\n${server}\n}\n`;
}

const HAPROXY_DEFAULTS = "defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n";
const haproxyText = (port: number, more = "", about = ""): string =>
  `${about}${HAPROXY_DEFAULTS}${more}listen all\n  bind :${port}\n  server larder 127.0.0.1:5000\n`;

/** Each is a proxy as people set it up who do not think of registries. */
const PLAIN_PROXIES = [
  ["nginx", (port: number, folder: string) => nginxText(folder, "www-data", serverOf(port, ""))],
  ["nginx that runs as root", (port: number, folder: string) => nginxText(folder, "root", serverOf(port, ""))],
  [
    "nginx that keeps connections, as it does from 1.29.7 on",
    (port: number, folder: string) =>
      nginxText(folder, "www-data", serverOf(port, 'proxy_http_version 1.1; proxy_set_header Connection "";')),
  ],
  [
    "nginx that passes the host on",
    (port: number, folder: string) =>
      nginxText(folder, "www-data", serverOf(port, "proxy_set_header Host $http_host;")),
  ],
  ["haproxy", (port: number) => haproxyText(port)],
  [
    "haproxy that runs as another account",
    (port: number) => haproxyText(port, "", "global\n  user www-data\n  group www-data\n"),
  ],
  ["haproxy that passes bytes", (port: number) => haproxyText(port, "  mode tcp\n")],
] as const;

function serverOf(port: number, more: string): string {
  return `server { listen ${port}; location / { proxy_pass http://127.0.0.1:5000; ${more} } }`;
}

const lab = requirement(...LAB_NEEDS, "nginx", "haproxy", "iptables", "openssl");

describe.skipIf(!lab.met)("behind a proxy on larder's own machine", () => {
  let network: NetworkLab;
  let stranger: LabHost;

  beforeAll(async () => {
    network = await NetworkLab.create();
    stranger = await network.addHost("stranger");
  }, SETUP_TIMEOUT_MS);
  afterAll(() => network.close());

  describe("that larder was not told of", () => {
    let host: LabHost;
    let larder: LabDaemon;
    beforeAll(async () => {
      host = await network.addHost("plain");
      larder = await startLarder(host);
    }, SETUP_TIMEOUT_MS);

    test.each(PLAIN_PROXIES)("%s lends nobody this machine's right to push", async (name, configure) => {
      const port = 8000 + PLAIN_PROXIES.findIndex(([known]) => known === name);
      const path = join(host.folder, `${port}.conf`);
      const argv = name.startsWith("nginx") ? nginxArguments(path) : ["haproxy", "-db", "-f", path];
      const proxy = await startProxy(host, argv, path, configure(port, host.folder), `http://127.0.0.1:${port}`);
      const base = `http://${host.ipv4}:${port}`;
      const forged = ["localhost", "127.0.0.1:5000", `${host.ipv4}:5000`, "quay.io", "plain:5000"];
      const answers = [
        await beginPush(stranger, base),
        ...(await Promise.all(forged.map((Host) => beginPush(stranger, base, { Host })))),
        await send(stranger, "PUT", `${base}/api/v1/settings/offline`, { "Content-Type": "application/json" }, 16),
      ];
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));
      // What needs no right goes through, and those at the machine itself are not in its way.
      expect((await send(stranger, "GET", `${base}/v2/`)).status).toBe(200);
      expect((await beginPush(host, "http://localhost:5000")).status).toBe(202);
      await proxy.stop();
    });

    test("a stranger whose address was translated into one of this machine's is a stranger", async () => {
      const rule = ["-p", "tcp", "--dport", "5000", "-s", stranger.ipv4, "-j", "SNAT", "--to-source", host.ipv4];
      await host.exec(["iptables", "-t", "nat", "-A", "INPUT", ...rule]);
      const { status, text } = await beginPush(stranger, `http://${host.ipv4}:5000`);
      expect([status, text]).toEqual([403, expect.stringContaining(`came under ${host.ipv4}`)]);
      expect((await beginPush(host, `http://${host.ipv4}:5000`)).status).toBe(202);
    });

    test("each refusal is a line of the log, with the address and the reason", async () => {
      await beginPush(stranger, `http://${host.ipv4}:80`, { Authorization: "Basic c2VjcmV0" });
      const [line] = await larder.printed(/^.*"repository":"local\/team\/app".*"status":403.*$/m, READY_TIMEOUT_MS);
      expect(line).toContain('"level":"warning"');
      await larder.printed(RegExp(`this request came from ${stranger.ipv4}`), READY_TIMEOUT_MS);
      await larder.printed(/through haproxy/, READY_TIMEOUT_MS);
      expect(larder.output()).not.toContain("c2VjcmV0");
    });
  });

  describe("that is set up as the documentation says", () => {
    let host: LabHost;
    let larder: LabDaemon;
    const base = "https://registry.example";

    beforeAll(async () => {
      host = await network.addHost("documented");
      for (const one of [host, stranger]) await one.setHostsFile({ "registry.example": [host.ipv4] });
      const { cert, key } = await makeCertificate("DNS:registry.example");
      await host.writeFile("/etc/ssl/registry.crt", cert);
      await host.writeFile("/etc/ssl/registry.key", key);
      await host.writeFile("/etc/ssl/registry.pem", cert + key);
      await host.writeFile("/etc/larder.yaml", await example("yaml", "trustedProxies"));
      const argv = [PROGRAM, "serve", "--config", "/etc/larder.yaml", "--offline", "--data", join(host.folder, "data")];
      larder = host.start(argv);
      await larder.printed(/is ready/, READY_TIMEOUT_MS);
    }, SETUP_TIMEOUT_MS);

    test.each([
      ["nginx", "nginx", "server {"],
      ["haproxy", "haproxy", "frontend"],
    ])("%s: strangers pull, this machine pushes", async (_, language, mark) => {
      const path = join(host.folder, `documented-${language}.conf`);
      const text = await example(language, mark);
      const [argv, whole] =
        language === "nginx"
          ? [nginxArguments(path), nginxText(host.folder, "www-data", text)]
          : [["haproxy", "-db", "-f", path], text];
      const proxy = await startProxy(host, argv, path, whole, base);

      expect((await send(stranger, "GET", `${base}/v2/`)).status).toBe(200);
      const claims = [
        {},
        { Host: "localhost:5000" },
        { "X-Forwarded-For": "127.0.0.1" },
        { "X-Forwarded-For": host.ipv4 },
        { Forwarded: `for=${host.ipv4}` },
        { Forwarded: `for=${host.ipv4}`, "X-Forwarded-For": `${host.ipv4}, 127.0.0.2` },
      ];
      for (const claim of claims as Record<string, string>[]) {
        const { status, text: message } = await beginPush(stranger, base, claim);
        expect([status, message]).toEqual([403, expect.stringContaining(stranger.ipv4)]);
      }
      await larder.printed(RegExp(`came from ${stranger.ipv4}, through the trusted proxy 127.0.0.2`), READY_TIMEOUT_MS);

      expect((await beginPush(host, base)).status).toBe(202);
      expect((await beginPush(host, base, { "X-Forwarded-For": "203.0.113.9" })).status).toBe(202);
      const pushed = await send(host, "POST", `${base}/v2/team/app/blobs/uploads/?digest=${ZEROS_DIGEST}`, {}, ZEROS);
      expect(pushed.status, pushed.text).toBe(201);
      // Larder's own page, if the browser came by TLS; one of plain HTTP is another site.
      expect((await beginPush(host, base, { Origin: base })).status).toBe(202);
      expect((await beginPush(host, base, { Origin: "http://registry.example" })).status).toBe(403);
      // Beside the proxy, this machine pushes as ever.
      expect((await beginPush(host, "http://localhost:5000")).status).toBe(202);
      await proxy.stop();
    });

    test("the trusted address is a stranger's when it does not say for whom it asks", async () => {
      const answer = await host.exec([process.execPath, "-e", FROM_TRUSTED_ADDRESS]);
      expect(answer).toContain("HTTP/1.1 403");
      expect(answer).toContain("did not say for whom");
    });
  });
});

const ZEROS = 5_000_000;
const ZEROS_DIGEST = `sha256:${new Bun.CryptoHasher("sha256").update(new Uint8Array(ZEROS)).digest("hex")}`;

/** The example of the documentation in this language that has `mark` in it, as it stands there. */
async function example(language: string, mark: string): Promise<string> {
  const blocks = (await readFile(DOCUMENT, "utf8")).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  for (const [, name, text = ""] of blocks) if (name === language && text.includes(mark)) return text;
  throw new Error(`docs/server.md has no example in ${language} with ${mark}`);
}
