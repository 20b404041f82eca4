import { describe, expect, test } from "bun:test";
import { isLoop, newInstanceId, outgoingVia } from "./loop-mark.ts";

const [own, other] = [newInstanceId(), newInstanceId()];

describe("loops", () => {
  test("a request that comes back is known by its Via, proxies in between or not", () => {
    expect(isLoop(own, outgoingVia(own, null))).toBe(true);
    expect(isLoop(own, `1.0 proxy, ${outgoingVia(own, null)}, 1.1 nginx (x)`)).toBe(true);
    expect(isLoop(own, outgoingVia(other, outgoingVia(own, null)))).toBe(true);
  });

  test("others' requests pass", () => {
    expect(isLoop(own, null)).toBe(false);
    expect(isLoop(own, outgoingVia(other, "1.1 proxy"))).toBe(false);
    expect(isLoop(own, `1.1 notlarder-${own}`)).toBe(false);
    expect(isLoop(own, `1.1 larder-${own}0`)).toBe(false);
  });

  test("a request that has been at too many larders, or whose Via is endless, is taken for one in a circle", () => {
    let via: string | null = null;
    let hops = 0;
    while (!isLoop(own, via) && hops < 100) {
      via = outgoingVia(newInstanceId(), via);
      hops += 1;
    }
    expect(hops).toBe(8);
    expect(isLoop(own, "x".repeat(9000))).toBe(true);
  });
});
