/** The view of images, in a real browser, with images that were pushed, and with ten thousand repositories. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { makeScaleStore } from "../../bench/scale-store.ts";
import { contentOf, descriptorOf, makeImage, TYPE } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 240_000;
const WAIT = { timeout: 60_000 };
const MANY = { repositories: 10_000, imagesOfRepository: 2, blobsOfImage: 2 };

/** What a page may keep more after a thousand searches: what the browser compiles and caches meanwhile is in it. */
const GROWTH_BYTES = 4 << 20;

/** In the page: lists are answered at once, and counted. */
const ANSWER_AT_ONCE = `({ images, namespaces }) => {
  const fetchAll = window.fetch;
  window.asked = 0;
  window.fetch = (input, init) => {
    const isList = String(input).includes("/search/images");
    if (isList) window.asked++;
    if (isList) return Promise.resolve(new Response(images, { headers: { "Content-Type": "application/json" } }));
    if (String(input).includes("/namespaces")) return Promise.resolve(new Response(namespaces));
    return fetchAll(input, init);
  };
}`;
/** In the page: types so many other words, and waits until each was asked for. Tells how many lists were. */
const SEARCH_OFTEN = `async (times) => {
  const input = document.querySelector(".image-words");
  const before = window.asked;
  for (let round = 0; round < times; round++) {
    const asked = window.asked;
    input.value = "team " + Math.random();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    while (window.asked === asked) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return window.asked - before;
}`;

const rows = (page: Page) => page.locator(".virtual-row");
const status = (page: Page, text: string) => page.getByRole("status").getByText(text, { exact: true }).waitFor(WAIT);
const names = async (page: Page) =>
  page.locator(".virtual-row .cell-name a").evaluateAll((all) => all.map((one) => one.title.split("\n")[0]));

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("images in a browser", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([startLarder({ http: ":0" }), startBrowser([])]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });
  const push = (name: string, reference: string, layerBytes = 1000) => {
    const image = makeImage();
    const layer = contentOf(new Uint8Array(layerBytes).fill(Math.floor(Math.random() * 255)));
    const document = {
      ...JSON.parse(new TextDecoder().decode(image.manifest.bytes)),
      layers: [descriptorOf(layer, TYPE.layer)],
    };
    const [config] = image.blobs;
    if (config === undefined) throw new Error("an image has a config");
    const manifest = { ...contentOf(JSON.stringify(document)), mediaType: image.manifest.mediaType };
    return pushImage(larder.url, name, { manifest, blobs: [...image.blobs, layer] }, reference);
  };

  test(
    "a larder that holds nothing says what to do first, with its own address",
    async () => {
      const page = await openPage(browser, larder.url, "#/images");
      await page.getByText("No image is here yet").waitFor(WAIT);
      const { host } = new URL(larder.url);
      expect(await page.locator(".first-steps pre").allInnerTexts()).toEqual([
        `docker pull ${host}/docker.io/library/alpine:latest`,
        `docker tag myapp:1 ${host}/myapp:1 && docker push ${host}/myapp:1`,
        `larder preload --registry ${host} ./manifests`,
      ]);
      await expectAccessible(page);
      // The first one that comes is there at once: nothing is moved by it.
      await push("team/app", "1.0");
      await status(page, "1 image");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "images are searched, sorted, chosen, pinned and removed",
    async () => {
      await push("team/app", "1.1", 300_000);
      await push("team/nginx", "1.27", 5000);
      await push("quay.io/coreos/etcd", "v3", 70_000);
      const page = await openPage(browser, larder.url, "#/images");
      await status(page, "4 images");
      await page.getByRole("button", { name: "Size" }).click();
      await page.locator('[aria-sort="descending"]').getByText("Size").waitFor(WAIT);
      await page.getByRole("button", { name: "Size" }).click();
      await page.getByRole("columnheader", { name: "Size" }).and(page.locator('[aria-sort="ascending"]')).waitFor(WAIT);
      await page.getByRole("button", { name: "Size" }).click();
      await rows(page).first().getByText("local/team/app:1.1").waitFor(WAIT);
      expect(page.url()).toContain("sort=size");

      await page.keyboard.press("/");
      await page.keyboard.type("1.27 NGINX");
      await status(page, "1 image");
      expect(await names(page)).toEqual(["local/team/nginx:1.27"]);
      expect(new URL(page.url()).hash).toContain("q=1.27+NGINX");
      await page.reload();
      await status(page, "1 image");
      expect(await page.getByLabel("Search images").inputValue()).toBe("1.27 NGINX");

      await page.getByLabel("Choose local/team/nginx:1.27").check();
      await page.getByRole("button", { name: "Pin", exact: true }).click();
      await page.locator(".virtual-row .chip", { hasText: "pinned" }).waitFor(WAIT);
      await page.goto(`${larder.url}/#/images?pinned=true`);
      await status(page, "1 image");
      await page.getByLabel("Choose local/team/nginx:1.27").check();
      await page.getByRole("button", { name: "Unpin" }).click();
      await page.goto(`${larder.url}/#/images?pinned=true`);
      await page.getByText("No image is like this").waitFor(WAIT);

      await page.goto(`${larder.url}/#/images?ns=quay.io`);
      await status(page, "1 image");
      expect(await names(page)).toEqual(["quay.io/coreos/etcd:v3"]);
      await page.getByLabel("Choose quay.io/coreos/etcd:v3").check();
      await page.getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("This cannot be undone.").waitFor(WAIT);
      await expectAccessible(page);
      await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("No image is like this").waitFor(WAIT);
      expect((await send("GET", `${larder.url}/api/v1/images/quay.io/coreos/etcd:v3`)).status).toBe(404);
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "what comes and goes meanwhile moves nothing until the reader says so",
    async () => {
      const page = await openPage(browser, larder.url, "#/images?q=team");
      await status(page, "3 images");
      await push("team/aaa", "1");
      await page.getByRole("button", { name: "1 new: show" }).waitFor(WAIT);
      expect(await names(page)).not.toContain("local/team/aaa:1");
      await page.getByRole("button", { name: "1 new: show" }).click();
      await status(page, "4 images");
      expect(await names(page)).toContain("local/team/aaa:1");
      await send("DELETE", `${larder.url}/api/v1/images/local/team/aaa:1`);
      await page.getByRole("button", { name: "1 gone: show" }).click(WAIT);
      await status(page, "3 images");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "all of it goes by keyboard: to a row, choose it, ask to remove it, think better of it, open it",
    async () => {
      const page = await openPage(browser, larder.url, "#/images?q=team/app");
      await status(page, "2 images");
      await page.getByLabel("Search images").focus();
      while ((await page.evaluate("document.activeElement.dataset.active")) !== "yes") await page.keyboard.press("Tab");
      await page.keyboard.press("End");
      await page.locator('[data-active="yes"][aria-rowindex="3"]').waitFor(WAIT);
      await page.keyboard.press(" ");
      await page.getByText("1 image chosen").waitFor(WAIT);
      await page.keyboard.press("Delete");
      await page.getByRole("dialog").waitFor(WAIT);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await page.evaluate("document.activeElement.getAttribute('aria-rowindex')")).toBe("3");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/#/image/local/team/app:1.1");
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a name that is nowhere here is offered to be brought, and why that fails is said there",
    async () => {
      const page = await openPage(browser, larder.url, "#/images?q=nowhere.example/x:1");
      await page.getByRole("button", { name: "Bring nowhere.example/x:1 here" }).click(WAIT);
      await page.getByRole("alert").waitFor(WAIT);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a larder that fails leaves the rows to be read, and says so where they are",
    async () => {
      const page = await openPage(browser, larder.url, "#/images?q=team");
      await status(page, "3 images");
      await page.route("**/api/v1/search/images*", (route) =>
        route.fulfill({ status: 503, json: { detail: "larder looks for many others just now", code: "UNAVAILABLE" } }),
      );
      await page.getByLabel("Search images").fill("team/app");
      await page.getByRole("alert").getByText("larder looks for many others just now").waitFor(WAIT);
      expect(await names(page)).toHaveLength(3);
      await page.unroute("**/api/v1/search/images*");
      await page.getByRole("button", { name: "Try again" }).click();
      await status(page, "2 images");
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "it is usable at every width, light and dark",
    async () => {
      for (const look of LOOKS) {
        const page = await openPage(browser, larder.url, "#/images", look);
        await status(page, "3 images");
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("ten thousand repositories in a browser", () => {
  let folder: string;
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-many-"));
    await mkdir(join(folder, "data"));
    makeScaleStore(join(folder, "data", "larder.db"), MANY.repositories * MANY.imagesOfRepository, MANY);
    const dataFolder = join(folder, "data");
    [larder, browser] = await Promise.all([
      startLarder({ http: ":0", dataFolder, startLimitMs: 120_000 }),
      startBrowser([]),
    ]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
    await rm(folder, { recursive: true });
  });

  test(
    "the list is scrolled to its end with few rows in the page, and each is where it belongs",
    async () => {
      const page = await openPage(browser, larder.url, "#/images");
      await status(page, "20,000 images");
      expect(await page.getByRole("grid").getAttribute("aria-rowcount")).toBe("20001");
      let most = 0;
      for (let step = 1; step <= 20; step++) {
        await page
          .locator(".virtual-box")
          .evaluate((box, part) => (box.scrollTop = box.scrollHeight * part), step / 20);
        most = Math.max(most, await rows(page).count());
      }
      expect(most).toBeLessThan(100);
      await page.getByText("local/team09999/app:v1").waitFor(WAIT);
      await page.locator('[aria-rowindex="20001"]', { hasText: "team09999/app:v1" }).waitFor(WAIT);
      await page.locator(".virtual-box").evaluate((box) => (box.scrollTop = 0));
      await page.locator('[aria-rowindex="2"]', { hasText: "team00000/app:v0" }).waitFor(WAIT);
      await page.goto(`${larder.url}/#/images?rows=repositories`);
      await status(page, "10,000 repositories");
      await expectAccessible(page);
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a thousand searches and an hour leave the page as large as it was",
    async () => {
      const page = await openPage(browser, larder.url, "#/images");
      await status(page, "20,000 images");
      const devtools = await page.context().newCDPSession(page);
      const heapBytes = async () => {
        await devtools.send("HeapProfiler.collectGarbage");
        return (await devtools.send("Runtime.getHeapUsage")).usedSize;
      };
      // Answers of the size that they have, without larder's work for each: it is the page that is looked at.
      const answers = {
        images: await (await fetch(`${larder.url}/api/v1/search/images?text=team&limit=100`)).text(),
        namespaces: await (await fetch(`${larder.url}/api/v1/namespaces`)).text(),
      };
      await page.evaluate(`(${ANSWER_AT_ONCE})(${JSON.stringify(answers)})`);
      const searchOften = (times: number) => page.evaluate<number>(`(${SEARCH_OFTEN})(${times})`);
      await searchOften(100);
      const before = await heapBytes();
      expect(await searchOften(1000)).toBeGreaterThanOrEqual(1000);
      expect((await heapBytes()) - before).toBeLessThan(GROWTH_BYTES);
      await page.clock.install();
      for (let minute = 0; minute < 60; minute++) await page.clock.fastForward("01:00");
      expect((await heapBytes()) - before).toBeLessThan(GROWTH_BYTES);
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
