import { expect, test } from "bun:test";
import fc from "fast-check";
import { contentOf, freshName, makeBlob, missingDigest } from "./content-factory.ts";
import { blobUrl, send, startUpload, withQuery } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const registry = registryUnderTest();
const OCTETS = { "Content-Type": "application/octet-stream" };

/** What a client may do to a session, in any order. */
type Step =
  | { readonly kind: "status" | "delete" | "finish" | "finish wrongly" }
  /** `at`: where the chunk says that it goes; null: it does not say. */
  | { readonly kind: "patch"; readonly bytes: number; readonly at: "end" | "before" | "behind" | null };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("patch" as const),
      bytes: fc.integer({ min: 1, max: 3000 }),
      at: fc.constantFrom("end" as const, "before" as const, "behind" as const, null),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "status" as const }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "delete" as const }, { kind: "finish" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "finish wrongly" as const }) },
);

/** A session as it should be: the bytes that it has; null when it is over. */
class Model {
  bytes: Uint8Array | null = new Uint8Array();

  /** The status that a step is to be answered with; the session is as it is to be afterwards. */
  take(taken: Step, chunk: Uint8Array<ArrayBuffer>): number {
    if (this.bytes === null) return 404;
    switch (taken.kind) {
      case "status":
        return 204;
      case "delete":
        this.bytes = null;
        return 204;
      case "finish":
        this.bytes = null;
        return 201;
      case "finish wrongly":
        this.bytes = null;
        return 400;
      case "patch":
        if (startOf(taken.at, this.bytes.length) !== this.bytes.length) return 416;
        this.bytes = new Uint8Array(Buffer.concat([this.bytes, chunk]));
        return 202;
      default:
        return taken satisfies never;
    }
  }
}

function startOf(at: "end" | "before" | "behind" | null, size: number): number {
  if (at === "before") return Math.max(0, size - 7);
  return at === "behind" ? size + 7 : size;
}

async function perform(taken: Step, session: string, bytes: Uint8Array | null, chunk: Uint8Array<ArrayBuffer>) {
  switch (taken.kind) {
    case "status":
      return send("GET", session);
    case "delete":
      return send("DELETE", session);
    case "finish":
      return send("PUT", withQuery(session, "digest", contentOf(bytes ?? new Uint8Array()).digest));
    case "finish wrongly":
      return send("PUT", withQuery(session, "digest", missingDigest()));
    case "patch": {
      const start = startOf(taken.at, bytes?.length ?? 0);
      const range = { "Content-Range": `${start}-${start + chunk.length - 1}` };
      return send("PATCH", session, { headers: { ...OCTETS, ...(taken.at === null ? {} : range) }, body: chunk });
    }
    default:
      return taken satisfies never;
  }
}

test("a session is what its requests made of it, in whatever order they come", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const name = freshName();
      const session = await startUpload(registry.url, name);
      const model = new Model();
      for (const taken of steps) {
        const chunk = taken.kind === "patch" ? makeBlob(taken.bytes).bytes : new Uint8Array();
        const before = model.bytes;
        const reply = await perform(taken, session, before, chunk);
        expect({ taken, status: reply.status }).toEqual({ taken, status: model.take(taken, chunk) });
        if ([202, 204, 416].includes(reply.status) && model.bytes !== null)
          expect(reply.headers.get("range")).toBe(`0-${Math.max(0, model.bytes.length - 1)}`);
        if (reply.status !== 201) continue;
        const { digest } = contentOf(before ?? new Uint8Array());
        expect((await send("GET", blobUrl(registry.url, name, digest))).bytes).toEqual(before ?? new Uint8Array());
      }
    }),
    { numRuns: 80 },
  );
});
