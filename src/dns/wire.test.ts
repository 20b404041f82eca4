import { describe, expect, test } from "bun:test";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { nameKeyOf, outlineRecords, RECORD_TYPE, readNameKey, readU16, readU32, writeU16, writeU32 } from "./wire.ts";

const label = fc.stringMatching(/^[a-zA-Z0-9_-]{1,63}$/);
const name = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join("."));

describe("numbers", () => {
  test("are read as they were written", () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff_ffff), (short, long) => {
        const bytes = new Uint8Array(6);
        writeU16(bytes, 0, short);
        writeU32(bytes, 2, long);
        expect([readU16(bytes, 0), readU32(bytes, 2)]).toEqual([short, long]);
      }),
    );
  });
});

describe("the key of a name", () => {
  test("is the same in a message and in words, whatever the case and the dot at the end", () => {
    fc.assert(
      fc.property(name, fc.boolean(), (text, hasDot) => {
        const message = dnsPacket.encode({ questions: [{ name: text, type: "A" }] });
        expect(readNameKey(message, 12)).toBe(nameKeyOf(text.toUpperCase() + (hasDot ? "." : "")));
      }),
    );
  });

  test("keeps a dot within a label apart from a dot between labels, and bytes above ASCII apart from each other", () => {
    const key = (...bytes: readonly number[]) => readNameKey(new Uint8Array(bytes), 0);
    expect(key(3, 0x61, 0x2e, 0x62, 0)).not.toBe(key(1, 0x61, 1, 0x62, 0));
    expect(key(1, 0xc0, 0)).not.toBe(key(1, 0xe0, 0));
    expect(key(1, 0xff, 0)).not.toBeNull();
    expect(key(0)).toBe("\0");
  });

  test("is null for what cannot be a name", () => {
    for (const bytes of [[], [1], [1, 0x61], [0xc0, 0x0c], [64, ...Array(64).fill(0x61), 0], [5, 0x61, 0]]) {
      expect(readNameKey(new Uint8Array(bytes), 0)).toBeNull();
    }
    const longest = Array.from({ length: 127 }, () => [1, 0x61]).flat();
    expect(readNameKey(new Uint8Array([...longest, 0]), 0)).toHaveLength(255);
    expect(readNameKey(new Uint8Array([...longest, 1, 0x61, 0]), 0)).toBeNull();
    for (const text of ["", "a..b", `${"a".repeat(64)}.io`, "bücher.de", "a b", Array(128).fill("aa").join(".")]) {
      expect(nameKeyOf(text)).toBeNull();
    }
  });
});

describe("the outlines of records", () => {
  const record = fc.oneof(
    fc.record({ type: fc.constant("A" as const), name, ttl: fc.nat(100_000), data: fc.ipV4() }),
    fc.record({ type: fc.constant("CNAME" as const), name, ttl: fc.nat(100_000), data: name }),
    fc.record({
      type: fc.constant("TXT" as const),
      name,
      ttl: fc.nat(100_000),
      data: fc.stringMatching(/^[a-z]{1,99}$/),
    }),
  );

  test("are those that another library wrote", () => {
    fc.assert(
      fc.property(
        name,
        fc.array(record, { maxLength: 6 }),
        fc.array(record, { maxLength: 3 }),
        (asked, answers, more) => {
          const questions = [{ name: asked, type: "A" as const, class: "IN" as const }];
          const bytes = dnsPacket.encode({ type: "response", questions, answers, additionals: more });
          const outlines = outlineRecords(bytes, 12 + (nameKeyOf(asked)?.length ?? 0) + 4);
          expect(outlines?.map(({ section }) => section)).toEqual([
            ...answers.map(() => "answer" as const),
            ...more.map(() => "additional" as const),
          ]);
          expect(outlines?.map(({ ttlOffset }) => readU32(bytes, ttlOffset))).toEqual(
            [...answers, ...more].map(({ ttl }) => ttl),
          );
          expect(outlines?.at(-1)?.end ?? bytes.length).toBe(bytes.length);
        },
      ),
    );
  });

  test("are null for records that are not there, and for names that point forwards or to themselves", () => {
    const header = [0, 0, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    const data = [0, RECORD_TYPE.A, 0, 1, 0, 0, 0, 0, 0, 0];
    expect(outlineRecords(new Uint8Array([...header, 0, ...data]), 12)).toHaveLength(1);
    expect(outlineRecords(new Uint8Array([...header, 0, ...data.slice(0, -1)]), 12)).toBeNull();
    expect(outlineRecords(new Uint8Array([...header, 0xc0, 12, ...data]), 12)).toBeNull();
    expect(outlineRecords(new Uint8Array([...header, 0xc0, 13, ...data]), 12)).toBeNull();
    expect(outlineRecords(new Uint8Array([...header, 0xc0, 2, ...data]), 12)).toBeNull();
    expect(outlineRecords(new Uint8Array([...header, ...Array(600).fill(1), 0, ...data]), 12)).toBeNull();
  });
});
