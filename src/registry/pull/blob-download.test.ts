import { beforeEach, describe, expect, test } from "bun:test";
import type { RangeReader } from "../../lib/files/range-reader.ts";
import { BlobDownload } from "./blob-download.ts";

const SIZE = 100_000;
/** So many bytes before the end a download is near it, however fast or slow this machine is. */
const LITTLE = 1;

let download: BlobDownload;
let opened: number;
beforeEach(() => {
  opened = 0;
  const reader: RangeReader = {
    read: async (_position, length) => new Uint8Array(length),
    close: async () => {},
  };
  download = new BlobDownload(SIZE, 0, async () => {
    opened++;
    return reader;
  });
});

async function readAlong(readers: number): Promise<ReadableStream<Uint8Array>[]> {
  const streams = await Promise.all(Array.from({ length: readers }, () => download.read(null)));
  return streams.map((stream) => stream ?? new ReadableStream());
}

describe("a download that is read here and there", () => {
  test("gives what has come at once, waits for the rest, and withholds its last byte until it is complete", async () => {
    const reader = await download.open();
    download.advance(1000);
    expect((await reader?.read(10, 20))?.byteLength).toBe(20);
    expect((await reader?.read(990, 500))?.byteLength).toBe(10);
    const later = reader?.read(50_000, 10);
    const end = reader?.read(SIZE - 1, 5);
    const over = await Promise.race([later, end, Promise.resolve("waits")]);
    expect(over).toBe("waits");
    download.advance(SIZE);
    expect((await later)?.byteLength).toBe(10);
    expect(await Promise.race([end, Promise.resolve("waits")])).toBe("waits");
    download.complete();
    expect((await end)?.byteLength).toBe(1);
    await reader?.close();
  });

  test("fails when the download does", async () => {
    const reader = await download.open();
    const reading = reader?.read(5, 10);
    download.fail(new Error("upstream went away"));
    await expect(reading).rejects.toThrow("upstream went away");
  });
});

describe("the fifth reader of a download", () => {
  test("waits for a file that is nearly whole, and is sent that", async () => {
    download.advance(SIZE - LITTLE);
    await readAlong(4);
    const fifth = download.read(null);
    const tenth = Promise.all(Array.from({ length: 5 }, () => download.read({ start: 0, end: 10 })));
    download.complete();
    expect(await fifth).toBeNull();
    expect(await tenth).toEqual([null, null, null, null, null]);
    expect(opened).toBe(4);
  });

  test("is the first that waits: four read along at once, however near the end is", async () => {
    download.advance(SIZE - LITTLE);
    const four = readAlong(4);
    expect(opened).toBe(4);
    await four;
  });

  test("reads along when the file is far from whole, or nothing has come yet", async () => {
    await readAlong(4);
    expect(await download.read(null)).not.toBeNull();
    download.advance(LITTLE);
    expect(await download.read(null)).not.toBeNull();
    expect(opened).toBe(6);
  });

  test("learns that the download failed while it waited", async () => {
    download.advance(SIZE - LITTLE);
    await readAlong(4);
    const fifth = download.read(null);
    download.fail(new Error("upstream went away"));
    expect(await fifth).toBeNull();
    await expect(download.done).rejects.toThrow("upstream went away");
  });

  test("reads along when one of the four has left", async () => {
    download.advance(SIZE - LITTLE);
    const [first] = await readAlong(4);
    await first?.cancel();
    expect(await download.read(null)).not.toBeNull();
    expect(opened).toBe(5);
  });
});
