/** Getting about the page in a real browser: keys, focus, titles, the way back, colours, and a larder that goes and comes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectQuiet, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("getting about the page", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([startLarder({ http: ":0" }), startBrowser([])]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  const heading = (page: Page, name: string) => page.getByRole("heading", { name, level: 1 }).waitFor();
  /** The page's policy keeps the browser's driver from waiting by itself. */
  const until = async (page: Page, condition: string) => {
    const endMs = performance.now() + TIMEOUT_MS / 4;
    while (!(await page.evaluate(condition))) {
      if (performance.now() > endMs) throw new Error(`it never became true that ${condition}`);
      await page.evaluate("new Promise(requestAnimationFrame)");
    }
  };
  const focused = (page: Page) => page.evaluate("document.activeElement.id");

  test(
    "each part has a title, and whoever goes there stands at its beginning",
    async () => {
      const page = await openPage(browser, larder.url, "#/images");
      expect(await page.title()).toBe("Images · larder");
      await page.getByRole("link", { name: "Nodes" }).press("Enter");
      await heading(page, "Nodes");
      await until(page, "document.title === 'Nodes · larder'");
      expect(await focused(page)).toBe("main");
      await page.goBack();
      await heading(page, "Images");
      await until(page, "document.title === 'Images · larder'");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "the way back leads to where one was, and the way on to the top",
    async () => {
      const page = await openPage(browser, larder.url, "#/nodes", { height: 500 });
      await page.getByText("larder itself").waitFor();
      // What comes late makes the page shorter for a moment, and then one stands elsewhere.
      await until(page, "scrollTo(0, 400), scrollY > 0");
      await page.evaluate("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))");
      const at = await page.evaluate("location.hash = '#/images', scrollY");
      await heading(page, "Images");
      expect(await page.evaluate("scrollY")).toBe(0);
      await page.goBack();
      await until(page, `Math.abs(scrollY - ${JSON.stringify(at)}) < 2`);
      await page.goForward();
      await until(page, "scrollY === 0");
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "keys lead to parts and to their list, but not while somebody writes",
    async () => {
      const page = await openPage(browser, larder.url, "#/images");
      await page.keyboard.press("g");
      await page.keyboard.press("n");
      await heading(page, "Nodes");
      await page.getByLabel("Registries", { exact: true }).pressSequentially("g?i");
      expect(page.url()).toContain("#/nodes");
      expect(await page.getByRole("dialog").count()).toBe(0);
      await page.locator("main").focus();
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await focused(page)).toBe("main");
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "colours that were chosen are kept for this browser, and the system's are taken again",
    async () => {
      const page = await openPage(browser, larder.url, "#/nodes", { theme: "light" });
      const paper = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
      const light = await paper();
      await page.getByLabel("Colours").selectOption("dark");
      const dark = await paper();
      expect(dark).not.toBe(light);
      await page.reload();
      await heading(page, "Nodes");
      expect(await paper()).toBe(dark);
      await page.getByLabel("Colours").selectOption("system");
      expect(await paper()).toBe(light);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await paper()).toBe(dark);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "where it is narrow the parts are behind a button, which Escape closes",
    async () => {
      const page = await openPage(browser, larder.url, "#/images", { width: 360 });
      const menu = page.getByRole("button", { name: "Menu" });
      expect(await page.getByRole("link", { name: "Nodes" }).isVisible()).toBe(false);
      await menu.press("Enter");
      expect(await menu.getAttribute("aria-expanded")).toBe("true");
      await page.keyboard.press("Escape");
      expect(await menu.getAttribute("aria-expanded")).toBe("false");
      await menu.press("Enter");
      await page.getByRole("link", { name: "Nodes" }).press("Enter");
      await heading(page, "Nodes");
      expect(await menu.getAttribute("aria-expanded")).toBe("false");
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a larder that goes is missed in words, and found again by the page itself",
    async () => {
      const dataFolder = await mkdtemp(join(tmpdir(), "larder-page-"));
      const first = await startLarder({ dataFolder });
      const page = await openPage(browser, first.url, "#/images");
      await first.stop();
      await page.evaluate("location.hash = '#/nodes'");
      const banner = page.getByText("larder cannot be reached.", { exact: true });
      await banner.waitFor();
      const second = await startLarder({ dataFolder, http: new URL(first.url).host });
      try {
        await banner.waitFor({ state: "detached" });
        await page.getByRole("heading", { name: "Files", exact: true }).waitFor();
        expect(await page.locator("main [role=alert]").count()).toBe(0);
        await page.context().close();
      } finally {
        await second.stop();
        await rm(dataFolder, { recursive: true });
      }
    },
    TIMEOUT_MS,
  );
});
