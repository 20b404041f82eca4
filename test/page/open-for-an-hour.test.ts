/** A page that is left open for an hour while images are pulled holds no more than before, whatever part of it is shown. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, CDPSession, Page } from "playwright-core";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { expectQuiet, openPage } from "./page-in-browser.ts";
import { pushOften, pushSmallImage } from "./push-small-image.ts";

const TIMEOUT_MS = 300_000;
const ROUTES = [
  "#/images",
  "#/image/local/team/app:1",
  "#/activity",
  "#/cluster",
  "#/recordings",
  "#/nodes",
  "#/people",
  "#/people/sessions",
  "#/people/audit",
  "#/events",
];
const STEPS = 12;
/** More than any part of the page shows of what happened. */
const PUSHED_BEFORE = 220;
const PUSHED_A_STEP = 12;
const STEP_MS = 5 * 60_000;
/** A page's own heap goes up and down by as much as that; a list that only grows does not stay within it. */
const HEAP_SLACK_BYTES = 1_500_000;
/** Rows that have just gone from a list may be held until it is drawn again. */
const NODE_SLACK = 700;
const LISTENER_SLACK = 40;

type Held = { readonly heapBytes: number; readonly nodes: number; readonly listeners: number };

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("a page left open for an hour", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([startLarder({ http: ":0" }), startBrowser([])]);
    await pushSmallImage(larder.url, "team/app");
    await pushOften(larder.url, "team/app", PUSHED_BEFORE);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  /** Pulls by many programs, and pushes, so that what is listed has something to grow by; until the page has been told of it. */
  async function happen(page: Page, round: number): Promise<void> {
    const before = await told(page);
    for (let program = 0; program < 60; program += 1) {
      const headers = { "User-Agent": `containerd/${round}.${program}` };
      await send("GET", `${larder.url}/v2/team/app/manifests/1`, { headers });
    }
    await pushOften(larder.url, "team/app", PUSHED_A_STEP);
    await until("the page is told", async () => (await told(page)) >= before + PUSHED_A_STEP);
    await page.clock.fastForward(STEP_MS);
  }

  /** How many messages have come as they happened. */
  const told = async (page: Page): Promise<number> => await page.evaluate("globalThis.liveMessages");

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
      await page.addInitScript(COUNTING);
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
        await happen(page, round);
      }
      await until("answers", () => under.size <= 1);
      const before = await held(devtools);
      for (let round = 3; round < 3 + STEPS; round += 1) {
        await happen(page, round);
      }
      await until("answers", () => under.size <= 1);
      const after = await held(devtools);
      expect(after.heapBytes - before.heapBytes).toBeLessThan(HEAP_SLACK_BYTES);
      expect(after.nodes - before.nodes).toBeLessThan(NODE_SLACK);
      expect(after.listeners - before.listeners).toBeLessThan(LISTENER_SLACK);
      expectQuiet(page, /40[134]/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});

/** Counts what the page is told. */
const COUNTING = `
  globalThis.liveMessages = 0;
  globalThis.EventSource = class extends EventSource {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", () => { liveMessages += 1; });
    }
  };
`;
