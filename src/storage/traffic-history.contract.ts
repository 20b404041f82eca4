import { describe, expect, test } from "bun:test";
import type { Namespace } from "../oci/repository-name.ts";
import type { MetadataStore } from "./metadata.ts";
import type { NamespaceTraffic } from "./statistics.ts";
import { HISTORY_NAMESPACES, HISTORY_STEPS } from "./traffic-history.ts";

const [FINE, COARSE] = HISTORY_STEPS;
/** A moment at which an hour begins. */
const HOUR = 1_800_000_000_000 - (1_800_000_000_000 % COARSE.stepMs);

/** What `traffic-history.ts` promises, for one implementation. Each test has a store of its own. */
export function trafficHistoryContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (run: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await run(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "what was answered is summed up by its time and namespace, finely and coarsely",
      withStore(async ({ statistics }) => {
        await statistics.addTraffic([trafficOf("docker.io", 1), trafficOf("quay.io", 2)], HOUR + 1000);
        await statistics.addTraffic([trafficOf("docker.io", 10)], HOUR + FINE.stepMs - 1);
        await statistics.addTraffic([trafficOf("docker.io", 2 ** 40)], HOUR + FINE.stepMs);
        const ever = Number.MAX_SAFE_INTEGER;
        expect(await statistics.history(FINE.stepMs, 0, ever)).toEqual([
          { atMs: HOUR, ...trafficOf("docker.io", 11) },
          { atMs: HOUR, ...trafficOf("quay.io", 2) },
          { atMs: HOUR + FINE.stepMs, ...trafficOf("docker.io", 2 ** 40) },
        ]);
        expect(await statistics.history(COARSE.stepMs, 0, ever)).toEqual([
          { atMs: HOUR, ...trafficOf("docker.io", 2 ** 40 + 11) },
          { atMs: HOUR, ...trafficOf("quay.io", 2) },
        ]);
        expect(await statistics.history(FINE.stepMs, HOUR + 1, HOUR + FINE.stepMs)).toEqual([]);
        expect(await statistics.history(FINE.stepMs, HOUR + 1, HOUR + FINE.stepMs + 1)).toHaveLength(1);
        expect(await statistics.history(1, 0, ever)).toEqual([]);
      }),
    );

    test(
      "of very many namespaces the first ones have sums of their own, and nothing is lost",
      withStore(async ({ statistics }) => {
        const names = Array.from({ length: HISTORY_NAMESPACES + 8 }, (_, index) => `n${index}.example`);
        await statistics.addTraffic(
          names.map((one) => trafficOf(one, 1)),
          HOUR,
        );
        await statistics.addTraffic([trafficOf("n0.example", 1), trafficOf("late.example", 5)], HOUR);
        const sums = await statistics.history(FINE.stepMs, HOUR, HOUR + 1);
        expect(sums).toHaveLength(HISTORY_NAMESPACES + 1);
        expect(sums).toContainEqual({ atMs: HOUR, ...trafficOf("other", 13) });
        expect(sums).toContainEqual({ atMs: HOUR, ...trafficOf("n0.example", 2) });
      }),
    );

    test(
      "only so many times are kept, and a clock that jumps takes none of them",
      withStore(async ({ statistics }) => {
        const at = (index: number) => HOUR + index * FINE.stepMs;
        for (let index = 0; index < FINE.kept; index++)
          await statistics.addTraffic([trafficOf("quay.io", 1)], at(index));
        const timesOf = async () =>
          (await statistics.history(FINE.stepMs, 0, Number.MAX_SAFE_INTEGER)).map(({ atMs }) => atMs);
        expect(await timesOf()).toHaveLength(FINE.kept);
        // Years ahead, for a moment, and back.
        const wrong = at(1_000_000);
        await statistics.addTraffic([trafficOf("quay.io", 1)], wrong);
        await statistics.addTraffic([trafficOf("quay.io", 1)], at(FINE.kept));
        const times = await timesOf();
        expect(times).toHaveLength(FINE.kept);
        expect(times).toContain(at(FINE.kept));
        expect(times).toContain(at(FINE.kept - 1));
        expect(times).not.toContain(wrong);
        expect(times[0]).toBe(at(1));
      }),
    );
  });
}

function trafficOf(namespace: string, hits: number): NamespaceTraffic {
  const [misses, stale, bytesFromDisk, bytesFromUpstream] = [2 * hits, 3 * hits, 4 * hits, 5 * hits];
  return { namespace: namespace as Namespace, hits, misses, stale, bytesFromDisk, bytesFromUpstream };
}
