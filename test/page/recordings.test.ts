/** Recordings in a real browser: started, filled while somebody looks, searched, taken along, checked, stopped and removed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { hostOf, publish, publishMulti, TestSite } from "../command-line/test-site.ts";
import { runLarder } from "../command-line/run-larder.ts";
import { manifestUrl, send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;

describe.skipIf(!requirement("docker-registry", ...BROWSER_NEEDS).met)("recordings in the page", () => {
  let site: TestSite;
  let browser: Browser;
  let index: string;
  let child: string;
  beforeAll(async () => {
    [site, browser] = await Promise.all([TestSite.open(), startBrowser([])]);
    const multi = await publishMulti(site.upstream.url, "library/nginx", "1.27", ["linux/amd64", "linux/arm64"]);
    index = multi.index.digest;
    child = multi.images["linux/arm64"]?.manifest.digest ?? "";
    for (const name of ["redis", "postgres", "traefik"]) await publish(site.upstream.url, `library/${name}`, "1");
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  const pull = (name: string, reference: string) =>
    send("GET", manifestUrl(site.larder.url, `docker.io/library/${name}`, reference));
  const open = (route: string) => openPage(browser, site.larder.url, route);
  const rowOf = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text });
  /** The file that a button gives. */
  const saved = async (page: Page, button: string): Promise<string> => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: button }).click(),
    ]);
    return readFile(await download.path(), "utf8");
  };

  test(
    "one is started, and fills while somebody looks",
    async () => {
      const page = await open("#/recordings");
      await page.getByText("Nothing is being recorded").waitFor();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Start a recording" }).press("Enter");
      const dialog = page.getByRole("dialog", { name: "Start a recording" });
      await dialog.getByLabel("Name", { exact: true }).fill("prod");
      await dialog.getByLabel("Only what is pulled from").fill("10.0.0.0/33");
      await dialog.getByRole("button", { name: "Start", exact: true }).click();
      await dialog.getByRole("alert").getByText("neither a network nor an address").waitFor();
      await dialog.getByLabel("Only what is pulled from").fill("127.0.0.0/8, ::1");
      await expectAccessible(page);
      await dialog.getByLabel("Only what is pulled from").press("Enter");
      await dialog.waitFor({ state: "detached" });
      await rowOf(page, "prod").getByText("running").waitFor();
      await pull("redis", "1");
      await pull("postgres", "1");
      await rowOf(page, "prod").getByRole("cell", { name: "2", exact: true }).waitFor();
      await page.getByRole("link", { name: "prod" }).click();
      await page.getByRole("heading", { name: "prod", level: 1 }).waitFor();
      await pull("nginx", "1.27");
      await pull("nginx", child);
      await rowOf(page, "docker.io/library/nginx:1.27").getByText("linux/arm64").waitFor();
      expect(await rowOf(page, "docker.io/library/nginx:1.27").innerText()).toContain("127.0.0.1");
      expectQuiet(page, /status of 400/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "it is searched, taken along as larder preload reads it, and looked at whether all of it is here",
    async () => {
      const page = await open("#/recordings/prod?search=ngin");
      await rowOf(page, "docker.io/library/nginx:1.27").waitFor();
      expect(await page.getByRole("row").count()).toBe(2);
      await page.getByLabel("Search").fill("nothing like it");
      await page.getByText("Nothing in it has “nothing like it” in its name").waitFor();
      expect(new URL(page.url()).hash).toBe("#/recordings/prod?search=nothing+like+it");
      await page.getByLabel("Search").fill("");
      await rowOf(page, "docker.io/library/redis:1").waitFor();
      const list = await saved(page, "Save as a list");
      expect(list).toBe((await site.run("record", "show", "prod", "--list")).output);
      expect(list).toContain(`docker.io/library/nginx:1.27@${index} # linux/arm64\n`);
      const rows = JSON.parse(await saved(page, "Save as JSON")) as unknown;
      expect(rows).toEqual(JSON.parse((await site.run("record", "show", "prod", "--json")).output));
      await page.getByRole("button", { name: "Check", exact: true }).click();
      await page.getByText(/3 of 3 are missing or incomplete/).waitFor();
      await expectAccessible(page);
      await page.getByRole("button", { name: "Bring what is missing" }).click();
      await page.getByText("Everything is here, complete: 3 images and platforms were checked.").waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "it is usable at every width, light and dark",
    async () => {
      for (const look of LOOKS) {
        const page = await openPage(browser, site.larder.url, "#/recordings/prod", look);
        await rowOf(page, "docker.io/library/redis:1").waitFor();
        await expectAccessible(page);
        await page.goto(`${site.larder.url}/#/recordings`);
        await rowOf(page, "prod").waitFor();
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "it is stopped, then removed, each after a question",
    async () => {
      const page = await open("#/recordings/prod");
      await page.getByRole("button", { name: "Stop prod" }).click();
      await page.getByRole("dialog", { name: "Stop prod?" }).getByRole("button", { name: "Cancel" }).click();
      expect((await runLarder(hostOf(site.larder.url), ["record", "ls"])).output).toMatch(/^prod +runs/m);
      await page.getByRole("button", { name: "Stop prod" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Stop", exact: true }).click();
      await page.getByText("stopped", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Remove prod" }).click();
      const dialog = page.getByRole("dialog", { name: "Remove prod?" });
      expect(await dialog.innerText()).toContain("may be evicted");
      await dialog.getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("Nothing is being recorded").waitFor();
      expect((await runLarder(hostOf(site.larder.url), ["record", "ls"])).errors).toContain("there are no recordings");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "one that is not there says so",
    async () => {
      const page = await open("#/recordings/nothing");
      await page.getByRole("alert").getByText('there is no recording "nothing"').waitFor();
      await expectAccessible(page);
      expectQuiet(page, /status of 404/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
