/** How nodes come to pull from here, chosen and taken from the page by a real browser. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";
import { pushSmallImage } from "./push-small-image.ts";

const TIMEOUT_MS = 120_000;

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("the nodes in a browser", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([
      startLarder({ http: ":0", arguments: ["--https", ":0", "--stand-in", "docker.io", "--stand-in", "quay.io"] }),
      startBrowser([]),
    ]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  async function open(route = "#/nodes", look = {}): Promise<Page> {
    const page = await openPage(browser, larder.url, route, look);
    await page.getByRole("heading", { name: "Files", exact: true }).waitFor();
    await page.getByText("SHA-256 fingerprint").waitFor();
    return page;
  }

  test(
    "it is usable at every width, light and dark",
    async () => {
      for (const look of LOOKS) {
        const page = await open("#/nodes?target=containerd", look);
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "the line and the files are what larder gives a node, for every target and way",
    async () => {
      const page = await open();
      const runtimes = page.getByLabel("Runtime or tool");
      const names = await runtimes.locator("option").evaluateAll((all) => all.map((one) => one.getAttribute("value")));
      expect(names.length).toBe(24);
      for (const name of ["k3s", "talos", "docker", "kubeadm"]) {
        await runtimes.selectOption(name);
        await page.locator(`a[href^="/client/${name}.tar"]`).waitFor();
        const [shown = ""] = await page.locator(".nodes-file pre").allTextContents();
        const given = await send("GET", `${larder.url}/client/${name}`);
        expect(given.text).toContain(shown);
        expect(page.url()).toContain(`target=${name}`);
      }
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "what is chosen stands in the address and in the line, and what is wrong is said in larder's words",
    async () => {
      const page = await open("#/nodes?target=containerd&mode=https&fallback=no");
      const line = page.getByRole("group", { name: "the line that joins: containerd", exact: true });
      expect(await line.textContent()).toBe(
        `curl -fsS '${larder.url}/client/containerd.sh?mode=https&fallback=no' | sh`,
      );
      expect(await page.getByRole("radio", { name: "HTTPS" }).isChecked()).toBe(true);
      await page.getByRole("textbox", { name: "Registries" }).fill("quay.io");
      await line.getByText("stand-in=quay.io").waitFor();
      expect(page.url()).toContain("stand-in=quay.io");
      await page.getByRole("textbox", { name: "Registries" }).fill("a b");
      await page.getByRole("alert").getByText('"a b" is not a registry\'s host').waitFor();
      expect(await line.count()).toBe(0);
      await page.getByRole("textbox", { name: "Registries" }).fill("");
      await page.getByRole("radio", { name: "Names" }).check();
      await page.getByRole("alert").getByText("spoofed names reach the registry on port").waitFor();
      expectQuiet(page, /400/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "the certificate that is taken has the fingerprint that is shown",
    async () => {
      const page = await open();
      const shown = await page.locator(".nodes-fingerprint").textContent();
      const [file] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Download the certificate" }).click(),
      ]);
      expect(file.suggestedFilename()).toBe("larder.crt");
      const pem = await Bun.file(await file.path()).text();
      const { X509Certificate } = await import("node:crypto");
      expect(new X509Certificate(pem).fingerprint256).toBe(shown ?? "");
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "who has pulled is told of by address, with what and which image",
    async () => {
      const page = await open();
      await page.getByText("Nobody has pulled from here yet").waitFor();
      await pushSmallImage(larder.url, "team/app");
      await send("GET", `${larder.url}/v2/team/app/manifests/1`, { headers: { "User-Agent": "containerd/2.1.4" } });
      await page.reload();
      const row = page.getByRole("row").filter({ hasText: "containerd 2.1.4" });
      await row.getByText("local/team/app:1").waitFor();
      expect(await row.getByRole("cell").count()).toBe(7);
      await page.getByRole("button", { name: "Pulls" }).click();
      await page.locator("th[aria-sort=ascending]").getByText("Pulls").waitFor();
      await page.getByLabel("Search the nodes").fill("no such node");
      await page.getByText("No node is like that").waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
