/** Every sentence for a failure that was really brought about: nothing of the runtime's own words gets through. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeFailure, describeFileFailure } from "./describe-failure.ts";

/** What a program's runtime says and a person should not have to read. */
const RUNTIME_WORDS = /\bE[A-Z]{3,}\b|fetch|Error\b|undefined|\[object|verbose|socket|errno|syscall|_[A-Z]|unable to/;

const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

/** A server that does this with each connection that has sent something; its address. */
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

async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return expect.unreachable();
}

const ask = (url: string, init: BunFetchRequestInit = {}) => failureOf(async () => (await fetch(url, init)).text());

describe("the network", () => {
  test.each<[string, () => Promise<unknown>, string]>([
    ["nobody listens", () => ask("http://127.0.0.1:9/"), "nobody listens there"],
    ["no such name", () => ask("http://no.such.host.invalid/"), "no address is known for that name"],
    [
      "reset",
      async () => ask(`http://${await startServer((socket) => socket.resetAndDestroy())}/`),
      "closed before the answer was whole",
    ],
    [
      "closed at once",
      async () => ask(`http://${await startServer((socket) => socket.end())}/`),
      "closed before the answer was whole",
    ],
    [
      "cut short",
      async () =>
        ask(`http://${await startServer((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"))}/`),
      "closed before the answer was whole",
    ],
    [
      "no HTTP",
      async () => ask(`http://${await startServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"))}/`),
      "does not speak HTTP",
    ],
    [
      "no TLS",
      async () => ask(`https://${await startServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))}/`),
      "no TLS is spoken there",
    ],
    [
      "silence",
      async () => ask(`http://${await startServer(() => {})}/`, { signal: AbortSignal.timeout(50) }),
      "no answer came in time",
    ],
    [
      "a circle",
      async () =>
        ask(
          `http://${await startServer((socket) => socket.end("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"))}/`,
        ),
      "without end",
    ],
    [
      "damaged gzip",
      async () =>
        ask(
          `http://${await startServer((socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"))}/`,
        ),
      "damaged",
    ],
    ["no address", () => ask("http://127.0.0.1:99999/"), "no address"],
  ])("%s", async (_, fail, words) => {
    const sentence = describeFailure(await fail());
    expect(sentence).toContain(words);
    expect(sentence).not.toMatch(RUNTIME_WORDS);
  });

  test.each([
    ["CERT_HAS_EXPIRED", "has expired"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "for other names"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "does not trust"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "does not trust"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "does not trust"],
    ["INVALID_PURPOSE", "not accepted"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "no TLS is spoken there"],
  ])("a certificate: %s", (code, words) => {
    const sentence = describeFailure(Object.assign(new TypeError(`${code} fetching "https://a/?secret"`), { code }));
    expect(sentence).toContain(words);
    expect(sentence).not.toMatch(RUNTIME_WORDS);
  });
});

describe("files", () => {
  let folder: string;
  const inFolder = async (name: string) => {
    folder ??= await mkdtemp(join(tmpdir(), "larder-failures-"));
    return join(folder, name);
  };
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each<[string, (path: string) => Promise<unknown>, string]>([
    ["none", (path) => readFile(path), "there is no such file or folder"],
    ["none, as the runtime reads", (path) => Bun.file(path).text(), "there is no such file or folder"],
    [
      "folder",
      async (path) => {
        await mkdir(path);
        return readFile(path);
      },
      "it is a folder",
    ],
    [
      "below a file",
      async (path) => {
        await writeFile(path, "");
        return readFile(join(path, "x"));
      },
      "a file, not a folder",
    ],
    [
      "link",
      async (path) => {
        await symlink(path, path);
        return readFile(path);
      },
      "in a circle",
    ],
    ["long", (path) => readFile(`${path}${"x".repeat(300)}`), "too long"],
    ["full", () => writeFile("/dev/full", "x"), "the disk is full"],
  ])("%s", async (name, work, words) => {
    const path = await inFolder(name);
    const failure = await failureOf(() => work(path));
    expect(describeFailure(failure)).toContain(words);
    expect(describeFailure(failure)).not.toMatch(RUNTIME_WORDS);
  });

  test("are named where the system names them", async () => {
    expect(describeFileFailure(await failureOf(() => readFile("/no/such")))).toBe(
      "/no/such: there is no such file or folder",
    );
    expect(describeFileFailure(new Error("x"))).toBeNull();
  });
});

test("JSON that is none, an interruption, a late answer", async () => {
  const failures = [
    await failureOf(async () => JSON.parse("<html>")),
    await failureOf(() => new Response("<html>").json()),
    new DOMException("SIGINT", "AbortError"),
    new DOMException("The operation timed out.", "TimeoutError"),
  ];
  expect(failures.map(describeFailure)).toEqual([
    "it is not valid JSON",
    "it is not valid JSON",
    "it was interrupted",
    "no answer came in time",
  ]);
});

test("larder's own messages stay, and a code without words is not hidden", () => {
  expect(describeFailure(new Error("the password is wrong"))).toBe("the password is wrong");
  expect(describeFailure(Object.assign(new Error("no such image"), { code: "MANIFEST_UNKNOWN" }))).toBe(
    "no such image",
  );
  expect(describeFailure(Object.assign(new Error("x"), { code: "EOWNERDEAD" }))).toContain("EOWNERDEAD");
  expect(describeFailure("text")).toBe("text");
});
