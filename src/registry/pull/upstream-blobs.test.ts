import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { systemClock } from "../../lib/async/clock.ts";
import { digestOf } from "../../oci/digest.ts";
import { MemoryBlobs } from "../../storage/memory/blobs-memory.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { bytesOf, clientOf, NAMESPACE, PATH, randomBytes } from "../../upstream/registry.fixture.ts";
import { startRawServer } from "../../upstream/transport/web-server.fixture.ts";
import { BOUNDLESS } from "./room.ts";
import { RecentFailures } from "./recent-failures.ts";
import { TrafficCounter } from "./traffic.ts";
import { UpstreamBlobs } from "./upstream-blobs.ts";
import { Upstreams } from "./upstreams.ts";

const repository = { namespace: NAMESPACE, path: PATH };
const content = randomBytes(300_000);
const digest = digestOf(content);
const SENT_BYTES = 100_000;

let server: Awaited<ReturnType<typeof startRawServer>>;
/** What the first GET is answered with. */
let begin: (socket: Socket) => void;

beforeEach(async () => {
  server = await startRawServer((socket, header) => {
    const start = /^range: bytes=(\d+)-\r$/im.exec(header)?.[1];
    if (header.startsWith("HEAD")) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
    else if (start === undefined) begin(socket);
    else sendFrom(socket, Number(start));
  });
});
afterEach(() => server.stop());

function sendFrom(socket: Socket, start: number): void {
  const range = `Content-Range: bytes ${start}-${content.length - 1}/${content.length}`;
  socket.write(`HTTP/1.1 206 Partial\r\nContent-Length: ${content.length - start}\r\n${range}\r\n\r\n`);
  socket.write(content.subarray(start));
}

/** Downloads from the server by a client that waits 200 ms for a body to go on; reads along, and checks what is kept. */
async function expectDownload(): Promise<void> {
  const stored = new MemoryBlobs();
  const client = clientOf(server.url, { limits: { idleTimeoutMs: 200 } });
  const upstreams = new Upstreams(
    [{ namespace: NAMESPACE, client, tagLifetimeMs: 0, isUnverified: false, clientCertificate: null, clientOf: null }],
    false,
  );
  const log = new LineLog(() => {}, "error", Date.now);
  const telling = { log, failures: new RecentFailures(log, systemClock.elapsed), room: BOUNDLESS };
  const metadata = memoryMetadata();
  const origin = new UpstreamBlobs(
    upstreams,
    { spool: stored.spool, store: stored.blobs },
    metadata,
    new TrafficCounter(),
    telling,
    systemClock,
  );
  const download = await origin.download(repository, digest, { via: null });
  expect(download?.size).toBe(content.length);
  // Null when it has ended meanwhile: then the blob is in its place.
  const along = (await download?.read(null)) ?? null;
  if (along !== null) expect(digestOf(await bytesOf(along))).toBe(digest);
  await download?.done;
  expect(await stored.blobs.size(digest)).toBe(content.length);
}

/** The ranges that the GETs asked for. */
function ranges(): readonly string[] {
  const gets = server.headers.filter((header) => header.startsWith("GET"));
  return gets.map((header) => /^range: (.*)\r$/im.exec(header)?.[1] ?? "");
}

test("a body that stalls is resumed where it stalled, and its readers see nothing of it", async () => {
  begin = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
    socket.write(content.subarray(0, SENT_BYTES));
  };
  await expectDownload();
  expect(ranges()).toEqual(["", `bytes=${SENT_BYTES}-`]);
});

test("a body that stalls before its first byte is asked for again, and is a download once there is one", async () => {
  begin = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
    begin = (again) => {
      again.write(`HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n`);
      again.write(content);
    };
  };
  await expectDownload();
  expect(ranges()).toEqual(["", ""]);
});

test("a body without a length that ends too early is resumed by the length that HEAD gives", async () => {
  begin = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${SENT_BYTES.toString(16)}\r\n`);
    socket.write(content.subarray(0, SENT_BYTES));
    socket.write("\r\n0\r\n\r\n");
  };
  await expectDownload();
  expect(ranges()).toEqual(["", `bytes=${SENT_BYTES}-`]);
});
