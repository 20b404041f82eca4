import { describe, expect, test } from "bun:test";
import { FETCH_JOBS_KEPT, type StoredFetchImage } from "./fetch-jobs.ts";
import type { MetadataStore } from "./metadata.ts";

const IMAGE: StoredFetchImage = {
  image: "quay.io/a/b:1",
  platforms: { prefer: "linux/amd64" },
  outcome: "waiting",
  bytes: 0,
  reason: null,
};

/** What `fetch-jobs.ts` promises, for one implementation. */
export function fetchJobsContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("a job is written down, changes, is listed with its counts, and goes", async () => {
      const store = await open();
      const { fetchJobs } = store;
      const job = { id: "a", title: "a chart", who: "ann", startedAtMs: 5, endedAtMs: null };
      const images = [IMAGE, { ...IMAGE, image: "quay.io/a/c:1", platforms: "all" as const }];
      await fetchJobs.put(job, images);
      const waiting = { waiting: 2, brought: 0, present: 0, failed: 0, cancelled: 0 };
      expect(await fetchJobs.list()).toEqual([{ ...job, counts: waiting, bytes: 0 }]);
      expect(await fetchJobs.get("a")).toEqual({ ...job, counts: waiting, bytes: 0, images });
      const done = [
        { ...IMAGE, outcome: "brought" as const, bytes: 7 },
        { ...IMAGE, outcome: "failed" as const, reason: "no" },
      ];
      await fetchJobs.put({ ...job, endedAtMs: 9, title: null, who: null }, done);
      expect(await fetchJobs.get("a")).toEqual({
        id: "a",
        title: null,
        who: null,
        startedAtMs: 5,
        endedAtMs: 9,
        bytes: 7,
        images: done,
        counts: { waiting: 0, brought: 1, present: 0, failed: 1, cancelled: 0 },
      });
      expect(await fetchJobs.get("b")).toBeNull();
      expect([await fetchJobs.remove("a"), await fetchJobs.remove("a")]).toEqual([true, false]);
      expect(await fetchJobs.list()).toEqual([]);
      await store.close();
    });

    test("the newest are listed first, and so many are kept", async () => {
      const store = await open();
      const { fetchJobs } = store;
      for (let at = 0; at < FETCH_JOBS_KEPT + 3; at++) {
        await fetchJobs.put({ id: `${at}`, title: null, who: null, startedAtMs: at, endedAtMs: at }, [IMAGE]);
      }
      const ids = (await fetchJobs.list()).map(({ id }) => Number(id));
      expect(ids).toEqual(Array.from({ length: FETCH_JOBS_KEPT }, (_, index) => FETCH_JOBS_KEPT + 2 - index));
      await store.close();
    });
  });
}
