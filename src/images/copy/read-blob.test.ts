import { expect, test } from "bun:test";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { ImageSource } from "../image-source.ts";
import { readBlob } from "./read-blob.ts";

const bytes = Buffer.from('{"architecture":"amd64"}');
const descriptor = { mediaType: MEDIA_TYPE.ociConfig, digest: digestOf(bytes), size: bytes.byteLength };

/** A place that sends the blob byte by byte. */
const dripping = {
  location: "docker://drip.test/a:1",
  blob: async () => ({
    sizeBytes: bytes.byteLength,
    stream: async () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      }),
  }),
} as unknown as ImageSource;

test("a small blob is read whole, in whatever pieces it comes", async () => {
  expect(Buffer.from(await readBlob(dripping, descriptor, { isTooSlow: () => false }))).toEqual(bytes);
});

test("one that drips is given up, but not when it is all there", async () => {
  const late = readBlob(dripping, descriptor, { isTooSlow: (position) => position > 5 });
  await expect(late).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: expect.stringContaining(
      `docker://drip.test/a:1 sent 6 of ${bytes.byteLength} bytes of the config`,
    ) as string,
  });
  const justInTime = readBlob(dripping, descriptor, { isTooSlow: (position) => position === bytes.byteLength });
  expect(await justInTime).toHaveLength(bytes.byteLength);
});
