import { expect, test } from "bun:test";
import fc from "fast-check";
import { frame, StreamUnframer } from "./stream-framing.ts";

test("messages on a stream come out as they went in, however the stream was cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 50 }), (messages, pieceBytes) => {
      const stream = Buffer.concat(messages.map(frame));
      const unframer = new StreamUnframer();
      const received: Uint8Array[] = [];
      for (let offset = 0; offset < stream.length; offset += pieceBytes) {
        received.push(...unframer.push(stream.subarray(offset, offset + pieceBytes)));
      }
      expect(received.map((bytes) => Buffer.from(bytes))).toEqual(messages.map((bytes) => Buffer.from(bytes)));
    }),
  );
});
