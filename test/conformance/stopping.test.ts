import { describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../until.ts";
import { freshName, makeBlob } from "./content-factory.ts";
import { type LarderProcess, startLarder } from "./larder-process.ts";
import { RawConnection } from "./raw-http.ts";
import { blobUrl, patchChunk, send, startUpload } from "./registry-client.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

/** As a shell has it: 128 and the number of the signal. */
const ENDED_BY_SIGINT = 130;

/** Waits until larder has put so much of open uploads on its disk. */
async function untilReceived({ dataFolder }: LarderProcess, bytes: number): Promise<void> {
  const folder = join(dataFolder, "uploads");
  await until(`${bytes} bytes are received`, async () => {
    const files = await Promise.all((await readdir(folder)).map((name) => stat(join(folder, name)).catch(() => null)));
    return files.reduce((sum, file) => sum + (file?.size ?? 0), 0) >= bytes;
  });
}

const isWaiting = (larder: LarderProcess) => larder.output().includes("waiting for open transfers");

describe.skipIf(isForeignRegistry)("stopping larder", () => {
  test("by SIGTERM lets open transfers finish, ends with status 0, and loses nothing", async () => {
    const name = freshName();
    const dataFolder = await mkdtemp(join(tmpdir(), "larder-test-"));
    let larder = await startLarder({ dataFolder });
    try {
      const blob = makeBlob(1_000_000);
      const session = new URL(await startUpload(larder.url, name));
      const waiting = new URL(await startUpload(larder.url, name));
      await patchChunk(waiting.href, blob.bytes.slice(0, 1000), 0);
      const connection = await RawConnection.open(larder.url);
      await connection.write(`PUT ${session.pathname}?digest=${blob.digest} HTTP/1.1\r\nHost: ${session.host}\r\n`);
      await connection.write("Content-Length: 1000000\r\n\r\n");
      await connection.write(blob.bytes.slice(0, 600_000));
      await untilReceived(larder, 500_000);
      larder.signal("SIGTERM");
      await until("larder waits", () => isWaiting(larder));
      await connection.write(blob.bytes.slice(600_000));
      expect((await connection.answer("PUT")).status).toBe(201);
      connection.destroy();
      expect(await larder.exited).toBe(0);
      larder = await startLarder({ dataFolder });
      expect((await send("GET", blobUrl(larder.url, name, blob.digest))).bytes).toEqual(blob.bytes);
      expect((await send("GET", larder.url + waiting.pathname)).headers.get("range")).toBe("0-999");
    } finally {
      await larder.stop();
      await rm(dataFolder, { recursive: true });
    }
  }, 30_000);

  test.each(["SIGTERM", "SIGINT"] as const)("by %s waits for nothing when nothing is in flight", async (signal) => {
    const larder = await startLarder();
    await send("GET", `${larder.url}/v2/`);
    const idle = await RawConnection.open(larder.url);
    larder.signal(signal);
    expect(await larder.exited).toBe(0);
    expect(larder.output()).not.toMatch(/waiting for open transfers|cut off/);
    idle.destroy();
    await larder.stop();
  });

  test("by SIGINT waits for an open transfer, and by a second SIGINT does not", async () => {
    const larder = await startLarder();
    const session = new URL(await startUpload(larder.url, freshName()));
    const connection = await RawConnection.open(larder.url);
    await connection.write(
      `PATCH ${session.pathname} HTTP/1.1\r\nHost: ${session.host}\r\nContent-Length: 1000\r\n\r\nabc`,
    );
    await untilReceived(larder, 3);
    larder.signal("SIGINT");
    await until("larder waits", () => isWaiting(larder));
    larder.signal("SIGINT");
    expect(await larder.exited).toBe(ENDED_BY_SIGINT);
    expect(larder.output()).not.toContain("cut off");
    connection.destroy();
    await larder.stop();
  });
});
