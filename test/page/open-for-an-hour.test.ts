/** A page that is left open for an hour while images are pulled holds no more than before, whatever part of it is shown. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, CDPSession } from "playwright-core";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectQuiet, openPage } from "./page-in-browser.ts";
import { pushSmallImage } from "./push-small-image.ts";

const TIMEOUT_MS = 300_000;
const ROUTES = [
  "#/images",
  "#/image/local/team/app:1",
  "#/activity",
  "#/cluster",
  "#/recordings",
  "#/nodes",
  "#/people",
  "#/events",
];
const STEPS = 12;
const STEP_MS = 5 * 60_000;
/** A page's own heap goes up and down by as much as that; a list that only grows does not stay within it. */
const HEAP_SLACK_BYTES = 1_500_000;
const NODE_SLACK = 400;
const LISTENER_SLACK = 40;

type Held = { readonly heapBytes: number; readonly nodes: number; readonly listeners: number };

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("a page left open for an hour", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([startLarder({ http: ":0" }), startBrowser([])]);
    await pushSmallImage(larder.url, "team/app");
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  /** Pulls by many programs, so that what is listed by them has something to grow by. */
  async function pull(round: number): Promise<void> {
    for (let program = 0; program < 60; program += 1) {
      const headers = { "User-Agent": `containerd/${round}.${program}` };
      await send("GET", `${larder.url}/v2/team/app/manifests/1`, { headers });
    }
  }

  async function held(devtools: CDPSession): Promise<Held> {
    for (let time = 0; time < 3; time += 1) await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const of = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
    return { heapBytes: of("JSHeapUsedSize"), nodes: of("Nodes"), listeners: of("JSEventListeners") };
  }

  test.each(ROUTES)(
    "%s holds what it held",
    async (route) => {
      const page = await openPage(browser, larder.url);
      await page.clock.install();
      await page.goto(`${larder.url}/${route}`);
      await page.reload();
      await page.locator("main h1").first().waitFor();
      const devtools = await page.context().newCDPSession(page);
      await devtools.send("Performance.enable");
      const under = new Set<string>();
      page.on("request", (request) => under.add(request.url()));
      for (const over of ["requestfinished", "requestfailed"] as const)
        page.on(over as "requestfinished", (request) => under.delete(request.url()));
      // What is kept of the first minutes belongs to the page.
      for (let round = 0; round < 3; round += 1) {
        await pull(round);
        await page.clock.fastForward(STEP_MS);
      }
      const before = await held(devtools);
      for (let round = 3; round < 3 + STEPS; round += 1) {
        await pull(round);
        await page.clock.fastForward(STEP_MS);
      }
      const after = await held(devtools);
      expect(after.heapBytes - before.heapBytes).toBeLessThan(HEAP_SLACK_BYTES);
      expect(after.nodes - before.nodes).toBeLessThan(NODE_SLACK);
      expect(after.listeners - before.listeners).toBeLessThan(LISTENER_SLACK);
      expect(under.size).toBeLessThan(6);
      expectQuiet(page, /40[134]/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
