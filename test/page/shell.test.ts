/** What is around all views, in a real browser: navigation, the policy, what larder says when it cannot show the page. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser } from "playwright-core";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;
/** What goes over the wire when everything is loaded. */
const BUDGET_BYTES = 150 * 1024;

describe("the page's files", () => {
  let larder: LarderProcess;
  beforeAll(async () => {
    larder = await startLarder({ http: ":0" });
  }, TIMEOUT_MS);
  afterAll(() => larder.stop());

  test("the page is at / with a policy that lets nothing in", async () => {
    const { status, headers, text } = await send("GET", `${larder.url}/`);
    expect({ status, type: headers.get("content-type"), kept: headers.get("cache-control") }).toEqual({
      status: 200,
      type: "text/html; charset=utf-8",
      kept: "no-cache",
    });
    expect(text).toContain("<title>larder</title>");
    const policy = headers.get("content-security-policy") ?? "";
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"])
      expect(policy).toContain(part);
    expect(policy).not.toContain("unsafe");
  });

  test("its files may be kept for ever, are compressed, and are asked for again by their tag", async () => {
    const { text } = await send("GET", `${larder.url}/`);
    const [script = ""] = /\/web\/[\w.-]+\.js/.exec(text) ?? [];
    for (const form of ["gzip", "br"]) {
      const answer = await fetch(larder.url + script, { headers: { "Accept-Encoding": form }, decompress: false });
      expect(answer.headers.get("content-encoding")).toBe(form);
      expect(answer.headers.get("cache-control")).toContain("immutable");
      const tag = answer.headers.get("etag") ?? "";
      const again = await fetch(larder.url + script, { headers: { "Accept-Encoding": form, "If-None-Match": tag } });
      expect(again.status).toBe(304);
    }
    const plain = await fetch(larder.url + script, { headers: { "Accept-Encoding": "identity, br;q=0" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(plain.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  });

  test("what is none of its files, and what is no reading, is refused in words", async () => {
    expect((await send("GET", `${larder.url}/web/../../etc/passwd`)).status).toBe(404);
    expect((await send("GET", `${larder.url}/web/nothing.js`)).text).toContain("nothing.js");
    expect((await send("POST", `${larder.url}/`)).status).toBe(405);
    const asUpstream = await send("GET", `${larder.url}/`, { headers: { Host: "quay.io" } });
    expect(asUpstream.status).toBe(404);
    expect(asUpstream.text).toContain("stands in for quay.io");
  });
});

test(
  "--no-web answers no page",
  async () => {
    const larder = await startLarder({ http: ":0", arguments: ["--no-web"] });
    try {
      for (const path of ["/", "/web/index.html"]) expect((await send("GET", larder.url + path)).status).toBe(404);
    } finally {
      await larder.stop();
    }
  },
  TIMEOUT_MS,
);

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("the page in a browser", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    [larder, browser] = await Promise.all([startLarder({ http: ":0" }), startBrowser([])]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  test(
    "it is usable at every width, light and dark",
    async () => {
      for (const look of LOOKS) {
        const page = await openPage(browser, larder.url, "", look);
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "everything that it may load is within the budget",
    async () => {
      const { text } = await send("GET", `${larder.url}/`);
      const seen = new Set<string>();
      const queue = [...text.matchAll(/\/web\/[\w.-]+/g)].map(([path]) => path);
      let bytes = 0;
      for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
        if (seen.has(path)) continue;
        seen.add(path);
        const answer = await fetch(larder.url + path, { headers: { "Accept-Encoding": "br" }, decompress: false });
        bytes += (await answer.arrayBuffer()).byteLength;
        const plain = await (await fetch(larder.url + path)).text();
        for (const [, name = ""] of plain.matchAll(/"(?:\.\/|\/web\/)([\w.-]+\.(?:js|css|svg))"/g))
          queue.push(`/web/${name}`);
      }
      expect(seen.size).toBeGreaterThan(3);
      expect(bytes).toBeLessThan(BUDGET_BYTES);
    },
    TIMEOUT_MS,
  );

  test(
    "a part that does not exist says so, and the way back works by keyboard",
    async () => {
      const page = await openPage(browser, larder.url, "#/nowhere");
      expect(await page.locator("main").innerText()).toContain("nowhere");
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to content");
      await page.getByRole("link", { name: "All images" }).press("Enter");
      await page.getByRole("heading", { name: "Images", level: 1 }).waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
