/** What goes wrong on the way to a registry, or in a file, is said in larder's own words, whatever the runtime says. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../end-to-end/run-command.ts";
import { makeCertificateFolder } from "../end-to-end/certificate-folder.ts";
import { LARDER } from "./run-larder.ts";

/** Codes of the system, names of the runtime's own, and what it says to programmers. */
const RUNTIME_WORDS =
  /\b(?:E[A-Z]{4,}|[A-Z]+_[A-Z_]+)\b|\bfetch\(|Error:|undefined|\[object|verbose|errno|syscall|BunError|ZlibError|getaddrinfo|unable to verify|self.signed certificate|Unable to connect|socket connection|JSON Parse|Malformed_|^ +at /m;
/** Of larder's own, in capital letters. */
const OWN_WORDS = /\b(?:LARDER_REGISTRY|LOCAL_REGISTRY|DOCKER_HOST|REGISTRY_AUTH_FILE|XCLUSTER_OVLPATH)\b/g;

let folder: string;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-messages-"));
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true, force: true });
});

/** A server that does this with each connection that has sent something. */
async function startServer(answer: (socket: Socket) => unknown): Promise<string> {
  const server = createServer((socket) => {
    socket.on("data", () => answer(socket));
    socket.on("error", () => {}); // The other end leaves as it likes.
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => server.close());
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

const http = (text: string, headers = "") =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n${headers}Connection: close\r\n\r\n${text}`;

/** A server with this certificate. */
function startSecure(certPath: string, keyPath: string): string {
  const tls = { cert: Bun.file(certPath), key: Bun.file(keyPath) };
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: () => new Response("{}") });
  stops.push(() => server.stop(true));
  return `127.0.0.1:${server.port}`;
}

async function run(argv: readonly string[]): Promise<{ readonly status: number; readonly errors: string }> {
  const { status, errors } = await runCommand([LARDER, ...argv], { environment: { HOME: folder }, timeoutMs: 50_000 });
  return { status, errors };
}

function expectOwnWords(errors: string): void {
  expect(errors).toStartWith("larder: ");
  expect(errors.replaceAll(OWN_WORDS, "")).not.toMatch(RUNTIME_WORDS);
}

describe("at the registry's address", () => {
  test.each<[string, () => Promise<string> | string, RegExp]>([
    ["nobody listens", () => "http://127.0.0.1:9", /nobody listens there; is it running\?/],
    ["no such name", () => "http://no.such.host.invalid", /no address is known/],
    [
      "reset",
      async () => `http://${await startServer((socket) => socket.resetAndDestroy())}`,
      /closed before the answer was whole/,
    ],
    [
      "closed",
      async () => `http://${await startServer((socket) => socket.end())}`,
      /closed before the answer was whole/,
    ],
    [
      "no HTTP",
      async () => `http://${await startServer((socket) => socket.end("SSH-2.0-x\r\n"))}`,
      /does not speak HTTP|closed before the answer/,
    ],
    [
      "no TLS",
      async () => `https://${await startServer((socket) => socket.end(http("{}")))}`,
      /no TLS is spoken there/,
    ],
    [
      "no JSON",
      async () => `http://${await startServer((socket) => socket.end(http('{"name":"larder","version":"1"')))}`,
      /./,
    ],
    [
      "a page",
      async () => `http://${await startServer((socket) => socket.end(http("<html>", "Content-Type: text/html\r\n")))}`,
      /is no registry/,
    ],
    [
      "damaged gzip",
      async () => `http://${await startServer((socket) => socket.end(http("hello", "Content-Encoding: gzip\r\n")))}`,
      /./,
    ],
    [
      "an authority that nobody knows",
      async () => {
        const { certPath, keyPath } = await makeCertificateFolder(join(folder, "good"));
        return `https://${startSecure(certPath, keyPath)}`;
      },
      /authority that this machine does not trust/,
    ],
  ])("%s", async (_, start, words) => {
    const address = await start();
    for (const verb of [["ls"], ["gc"], ["has", "app:1"], ["cache", "app:1"]]) {
      const { status, errors } = await run([...verb, "--registry", address]);
      expect(status).toBe(1);
      expect(errors).toMatch(words);
      expectOwnWords(errors);
    }
  });

  test("a certificate that has expired", async () => {
    const { certPath, keyPath, authorityPem } = await makeCertificateFolder(join(folder, "old"), 120);
    const ca = join(folder, "old", "ca.pem");
    await Bun.write(ca, authorityPem);
    const { status, errors } = await run(["ls", "--registry", `https://${startSecure(certPath, keyPath)}`, "--ca", ca]);
    expect(status).toBe(1);
    expect(errors).toMatch(/has expired/);
    expectOwnWords(errors);
  });
});

describe("in a file", () => {
  test.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ["that is not there", async () => {}, /there is no such file/],
    ["that is a folder", (path) => mkdir(path), /./],
    ["that is a link to itself", (path) => symlink("self", path), /./],
    ["that is no archive", (path) => Bun.write(path, "<html>no archive</html>"), /./],
    [
      "that nobody may read",
      async (path) => {
        await Bun.write(path, "{}");
        await chmod(path, 0o000);
      },
      /./,
    ],
  ])("%s", async (name, make, words) => {
    const path = join(folder, name.endsWith("itself") ? "self" : name.replaceAll(" ", "-"));
    await make(path);
    for (const argv of [
      ["copy", `docker-archive:${path}`, `oci:${folder}/out`],
      ["copy", `oci:${path}:x`, `oci:${folder}/out`],
      ["images", path],
      ["aci", "ls", path],
      ["config", "check", path],
      ["ls", "--ca", path, "--registry", "https://127.0.0.1:9"],
    ]) {
      const { errors } = await run(argv);
      expect(errors.replaceAll(OWN_WORDS, "")).not.toMatch(RUNTIME_WORDS);
      if (argv[0] === "ls") expect(errors).toMatch(words);
    }
  });

  test("on a full disk", async () => {
    const script = '"$1" completion bash > /dev/full';
    const { status, errors } = await runCommand(["sh", "-c", script, "sh", LARDER], { environment: { HOME: folder } });
    expect({ status, errors }).toEqual({
      status: 1,
      errors: "larder: standard output could not be written: the disk is full\n",
    });
  });
});
