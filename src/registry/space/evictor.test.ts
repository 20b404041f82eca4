import { expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { ProcessLeases } from "../../storage/process-leases.ts";
import type { ImageSpace, UsePlace } from "../../storage/space.ts";
import { Evictor } from "./evictor.ts";

test("the measurements of many images come in many turns", async () => {
  let [nowMs, sinceMs, longestMs] = [0, 0, 0];
  const turns = new Turns({
    turnMs: 5,
    now: () => nowMs,
    nextRound: (callback) => {
      longestMs = Math.max(longestMs, nowMs - sinceMs);
      sinceMs = nowMs;
      setImmediate(callback);
    },
  });
  const images = Array.from({ length: 300 }, (_, at) => `sha256:${String(at).padStart(64, "0")}` as Digest);
  const repository = "quay.io/app" as RepositoryName;
  const evicted: Digest[] = [];
  const evictor = new Evictor({
    space: {
      listByUse: async (after: UsePlace | null, limit: number): Promise<readonly UsePlace[]> => {
        const from = after === null ? 0 : images.indexOf(after.digest) + 1;
        return images.slice(from, from + limit).map((digest) => ({ usedAtMs: 1, repository, digest }));
      },
      // Each takes two milliseconds.
      measure: async (_: RepositoryName, digest: Digest) => {
        nowMs += 2;
        return { repository, digest, tags: [], parts: [digest], blobs: new Set(), ownBytes: 1 } as never as ImageSpace;
      },
      evict: async ({ digest }: ImageSpace) => evicted.push(digest) > 0,
    } as never,
    holds: { reasonFor: () => null },
    leases: new ProcessLeases(() => 0),
    pulls: { save: async () => {} },
    giveBack: async () => null,
    refusal: () => null,
    graceMs: () => 0,
    transitions: { heldBack: () => "nothing" } as never,
    turns,
    now: () => nowMs,
  });
  expect(await evictor.evict(300)).toMatchObject({ images: 300, bytes: 300 });
  expect(evicted).toEqual(images);
  expect(Math.max(longestMs, nowMs - sinceMs)).toBeLessThan(10);
});
