import { beforeEach, describe, expect, test } from "bun:test";
import { until } from "../until.ts";
import { type Content, contentOf, freshName, makeBlob } from "./content-factory.ts";
import { RawConnection } from "./raw-http.ts";
import { blobUrl, finishUpload, locationOf, manifestUrl, send, startUpload } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const name = freshName("broken");
const registry = registryUnderTest();

describe("a body that ends before its length", () => {
  let blob: Content;
  beforeEach(() => {
    blob = makeBlob(100_000);
  });

  async function sendHalf(method: string, url: string, headers: string[] = []): Promise<void> {
    const { pathname, search } = new URL(url);
    const connection = await RawConnection.open(registry.url);
    const lines = [`Host: ${new URL(registry.url).host}`, `Content-Length: ${blob.bytes.length}`, ...headers];
    await connection.write(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    await connection.write(blob.bytes.slice(0, 60_000));
    // Time to arrive, and to be seen to break off: less of it makes these tests weaker, but none of them fail.
    await Bun.sleep(100);
    connection.destroy();
    await Bun.sleep(100);
  }

  test("in POST with the digest is not committed", async () => {
    await sendHalf("POST", `${registry.url}/v2/${name}/blobs/uploads/?digest=${blob.digest}`);
    expect((await send("HEAD", blobUrl(registry.url, name, blob.digest))).status).toBe(404);
  });

  test("in POST is not committed under the digest of the half either", async () => {
    const half = contentOf(blob.bytes.slice(0, 60_000));
    await sendHalf("POST", `${registry.url}/v2/${name}/blobs/uploads/?digest=${half.digest}`);
    expect((await send("HEAD", blobUrl(registry.url, name, half.digest))).status).toBe(404);
  });

  test("in PUT is not committed, under the digest of the half neither", async () => {
    const half = contentOf(blob.bytes.slice(0, 60_000));
    for (const { digest } of [blob, half]) {
      const session = await startUpload(registry.url, name);
      await sendHalf("PUT", `${session}?digest=${digest}`);
      expect((await send("HEAD", blobUrl(registry.url, name, digest))).status).toBe(404);
    }
  });

  test("in PATCH leaves a session that tells the truth and can be completed", async () => {
    const session = await startUpload(registry.url, name);
    await sendHalf("PATCH", session);
    const complete = async () => {
      const status = await send("GET", session);
      expect(status.status).toBe(204);
      const end = Number(status.headers.get("range")?.split("-")[1]);
      expect(end).toBeLessThan(60_000);
      const have = end === 0 ? 0 : end + 1;
      return await finishUpload(locationOf(status, registry.url), blob.digest, blob.bytes.slice(have));
    };
    // While the registry has not seen the break, another request is writing (416).
    let put = await complete();
    await until("the break is seen", async () => put.status !== 416 || (put = await complete()).status !== 416);
    expect(put.status, put.text).toBe(201);
  });

  test("in a manifest is not stored", async () => {
    await sendHalf("PUT", manifestUrl(registry.url, name, "half"), ["Content-Type: application/json"]);
    expect((await send("HEAD", manifestUrl(registry.url, name, "half"))).status).toBe(404);
  });
});
