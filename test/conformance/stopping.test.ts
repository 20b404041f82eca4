import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshName, makeBlob } from "./content-factory.ts";
import { startLarder } from "./larder-process.ts";
import { RawConnection } from "./raw-http.ts";
import { blobUrl, patchChunk, send, startUpload } from "./registry-client.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

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
      await Bun.sleep(100);
      larder.signal("SIGTERM");
      await Bun.sleep(200);
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

  test.each(["SIGTERM", "SIGINT"] as const)("by %s is quick and clean when nothing is in flight", async (signal) => {
    const larder = await startLarder();
    await send("GET", `${larder.url}/v2/`);
    const idle = await RawConnection.open(larder.url);
    const beganMs = Date.now();
    larder.signal(signal);
    expect(await larder.exited).toBe(0);
    expect(Date.now() - beganMs).toBeLessThan(5000);
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
    await Bun.sleep(100);
    larder.signal("SIGINT");
    const first = await Promise.race([larder.exited, Bun.sleep(700).then(() => "still there")]);
    expect(first).toBe("still there");
    larder.signal("SIGINT");
    const second = await Promise.race([larder.exited, Bun.sleep(2000).then(() => "still there")]);
    expect(second).not.toBe("still there");
    connection.destroy();
    await larder.stop();
  });
});
