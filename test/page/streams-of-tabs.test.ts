/** Of what larder tells as it happens a tab opens one stream, whatever it shows, and so few tabs have one that all load. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { pushSmallImage } from "./push-small-image.ts";

const TIMEOUT_MS = 120_000;
const VIEWS = ["images", "image/local/team/app:1", "activity", "cluster", "recordings", "nodes", "people", "events"];
/** As the page has it: a browser opens six connections to a host. */
const MOST_STREAMS = 4;

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("streams of tabs", () => {
  let larder: LarderProcess;
  let browser: Browser;
  let context: BrowserContext;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([startLarder({ http: ":0" }), startBrowser([])]);
    await pushSmallImage(larder.url, "team/app");
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    await context.addInitScript(COUNTING);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  async function openTab(view: string): Promise<Page> {
    const page = await context.newPage();
    await page.goto(`${larder.url}/#/${view}`);
    await page.locator("main h1").first().waitFor();
    return page;
  }
  const openIn = async (page: Page): Promise<number> => await page.evaluate("streams.open.size");
  const openInAll = async (pages: readonly Page[]): Promise<number> => {
    const counts = await Promise.all(pages.map(openIn));
    return counts.reduce((sum, count) => sum + count, 0);
  };
  /** Headless pages are all looked at: what a tab is told when another is chosen is told by hand. */
  const show = (page: Page, isShown: boolean) =>
    page.evaluate(`
      Object.defineProperty(document, "visibilityState", { configurable: true, value: "${isShown ? "visible" : "hidden"}" });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    `);

  test(
    "a tab has one, whatever views are visited",
    async () => {
      const page = await openTab("images");
      for (const view of [...VIEWS, ...VIEWS.toReversed()]) {
        await page.evaluate(`location.hash = "#/${view}"`);
        await page
          .locator(`nav a[aria-current="page"][href^="#/${view.split("/")[0]}"], article h1`)
          .first()
          .waitFor();
        await until("one stream", async () => (await openIn(page)) === 1);
      }
      expect(await page.evaluate("streams.most")).toBe(1);
      expect(await page.evaluate("streams.made")).toBeLessThanOrEqual(2);
      await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    "seven that are looked at side by side all load, and who has none is told by the clock; who is turned to has one",
    async () => {
      const pages: Page[] = [];
      for (let tab = 0; tab < 7; tab += 1) pages.push(await openTab(VIEWS[tab] ?? ""));
      await until("few streams", async () => (await openInAll(pages)) === MOST_STREAMS);
      const [first, last] = [pages[0] as Page, pages[6] as Page];
      expect([await openIn(first), await openIn(last)]).toEqual([0, 1]);
      // Whoever has none reaches larder all the same.
      for (const page of pages) expect(await page.evaluate("fetch('api/v1/version').then(({ ok }) => ok)")).toBe(true);
      await first.evaluate("dispatchEvent(new Event('focus'))");
      await until("the one in front", async () => (await openIn(first)) === 1);
      await until("still few streams", async () => (await openInAll(pages)) === MOST_STREAMS);
      for (const page of pages) await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    "a resting tab shows what came within half a minute",
    async () => {
      const resting = await context.newPage();
      await resting.clock.install();
      await resting.goto(`${larder.url}/#/images`);
      await resting.getByText("local/team/app:1").first().waitFor();
      const others = [];
      for (let tab = 0; tab < MOST_STREAMS; tab += 1) others.push(await openTab("nodes"));
      await until("it rests", async () => (await openIn(resting)) === 0);
      await pushSmallImage(larder.url, "team/later");
      await resting.clock.runFor(40_000);
      await resting.getByRole("button", { name: "1 new: show" }).waitFor();
      for (const page of [resting, ...others]) await page.close();
    },
    TIMEOUT_MS,
  );

  test(
    "a tab that is hidden gives its stream up after a while, asks nothing, and comes back with what it missed",
    async () => {
      const page = await context.newPage();
      await page.clock.install();
      await page.goto(`${larder.url}/#/activity`);
      await page.getByText("live", { exact: true }).waitFor();
      await show(page, false);
      await page.clock.runFor(10_000);
      expect(await openIn(page)).toBe(1);
      await page.clock.runFor(11_000);
      expect(await openIn(page)).toBe(0);
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.clock.runFor(10 * 60_000);
      expect(asked).toEqual([]);
      await pushSmallImage(larder.url, "team/meanwhile");
      await show(page, true);
      await page.locator(".happened li", { hasText: "local/team/meanwhile:1" }).first().waitFor();
      expect(await openIn(page)).toBe(1);
      await page.close();
    },
    TIMEOUT_MS,
  );
});

/** Counts the streams of a page: those that are open, the most at one time, and all that were made. */
const COUNTING = `
  globalThis.streams = { open: new Set(), most: 0, made: 0 };
  globalThis.EventSource = class extends EventSource {
    constructor(...given) {
      super(...given);
      streams.made += 1;
      streams.open.add(this);
      streams.most = Math.max(streams.most, streams.open.size);
    }
    close() {
      super.close();
      streams.open.delete(this);
    }
  };
`;
