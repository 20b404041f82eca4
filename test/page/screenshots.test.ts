/** The pictures of the guides, of one larder that people work with; made where LARDER_UPDATE_SCREENSHOTS=1 asks for them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement, unmet } from "../requirement.ts";
import { ADMINISTRATOR, HOST, LivedInLarder, SIGNED_IMAGE } from "./lived-in-larder.ts";
import { shrinkPng } from "./shrink-png.ts";
import { expectQuiet, openPage, type Look } from "./page-in-browser.ts";

const FOLDER = join(import.meta.dir, "..", "..", "docs", "screenshots");
const URL = `http://${HOST}`;
const TIMEOUT_MS = 300_000;
const LIMIT_BYTES = 150 * 1024;
const LOOK: Look = { width: 1280, height: 800 };
/** What a cluster is to run: some of it is here. */
const WANTED = `docker.io/library/nginx:1.27
docker.io/library/redis:7.4
docker.io/grafana/loki:3.2.1
quay.io/prometheus/prometheus:v2.55.1
registry.k8s.io/pause:3.10
registry.k8s.io/metrics-server/metrics-server:v0.7.2
`;

const seen = (text: string) => (page: Page) => page.getByText(text).first().waitFor();

/** Each picture: where it is taken, how far down (CSS pixels), and what is done and has to be seen before. */
const PICTURES: Readonly<
  Record<string, { route: string; look?: Look; scrolled?: number; act: (page: Page) => Promise<void> }>
> = {
  images: { route: "#/images", act: seen("20 images") },
  "images-narrow": { route: "#/images", look: { width: 360, height: 740, theme: "dark" }, act: seen("20 images") },
  image: { route: `#/image/${SIGNED_IMAGE}`, act: seen("3 layers,") },
  activity: {
    route: "#/activity?over=1h",
    async act(page) {
      await seen("docker.io/library/mariadb:11.6")(page);
      await page.locator(".u-over").first().waitFor();
    },
  },
  cluster: {
    route: "#/cluster",
    scrolled: 420,
    async act(page) {
      await page.getByLabel("Or paste a manifest or a list of images").fill(WANTED);
      await page.getByRole("button", { name: "Check", exact: true }).click();
      await page.getByRole("row").filter({ hasText: "loki" }).waitFor();
    },
  },
  recordings: { route: "#/recordings/production", act: seen("12 of 12 images") },
  nodes: {
    route: "#/nodes",
    async act(page) {
      await seen("10.20.0.11")(page);
      await page.getByRole("heading", { name: "Files", exact: true }).waitFor();
    },
  },
  people: { route: "#/people", act: seen("pull:docker.io/**") },
  events: { route: "#/events", act: (page) => page.getByRole("row").filter({ hasText: "after 5" }).first().waitFor() },
};

const needs =
  process.env["LARDER_UPDATE_SCREENSHOTS"] === "1"
    ? requirement(...BROWSER_NEEDS)
    : unmet("pictures are made where LARDER_UPDATE_SCREENSHOTS=1");

describe.skipIf(!needs.met)("pictures of the page", () => {
  let lab: LivedInLarder;
  let browser: Browser;
  beforeAll(async () => {
    lab = await LivedInLarder.start();
    browser = await startBrowser([HOST], Number(lab.larder.url.split(":").at(-1)));
    await lab.pullSlowly();
    await mkdir(FOLDER, { recursive: true });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await lab.stop();
  });

  const signIn = async (page: Page) => {
    const menu = page.getByRole("button", { name: "Menu" });
    if (await menu.isVisible()) await menu.click();
    await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
    const dialog = page.getByRole("dialog", { name: "Sign in" });
    await dialog.getByLabel("Name").fill(ADMINISTRATOR.name);
    await dialog.getByLabel("Password").fill(ADMINISTRATOR.password);
    await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    if (await menu.isVisible()) await menu.click();
  };

  for (const [name, { route, look = LOOK, scrolled = 0, act }] of Object.entries(PICTURES)) {
    test(
      name,
      async () => {
        const page = await openPage(browser, URL, route, look);
        await signIn(page);
        await act(page);
        // Nothing is to be marked as just told or just focused.
        await page.evaluate(`document.activeElement?.blur(); scrollTo(0, ${scrolled})`);
        await page.locator(".announcer p").waitFor({ state: "detached" });
        const picture = shrinkPng(await page.screenshot());
        expect(picture.length).toBeLessThan(LIMIT_BYTES);
        await writeFile(join(FOLDER, `${name}.png`), picture);
        // On plain HTTP the browser says that it heeds that header on HTTPS alone.
        expectQuiet(page, /status of 40[0134]|Cross-Origin-Opener-Policy/);
        await page.context().close();
      },
      TIMEOUT_MS,
    );
  }
});
