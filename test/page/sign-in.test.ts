/** Signing in to the page, in a real browser: what people see of it, in one tab and in another, and what pages of others get. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { GuardedLarder, passwordOf } from "../access/guarded-larder.ts";
import { LARDER } from "../command-line/run-larder.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;
const EVIL = "evil.example";
const RULES = [
  { subject: "ann", allow: ["*"], names: ["**"] },
  { subject: "anonymous", allow: ["pull"], names: ["docker.io/**"] },
];
/** The browser tells of each answer that is no success. */
const REFUSALS = /status of 40[013]|429/;

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("signing in to the page", () => {
  let lab: GuardedLarder;
  let browser: Browser;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["ann"], RULES);
    browser = await startBrowser([EVIL]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await lab.stop();
  });

  const verb = (argv: readonly string[], input = "") =>
    outputOf([LARDER, ...argv], {
      environment: { HOME: lab.folder, RUNTIME_DIRECTORY: lab.larder.runtimeFolder },
      input,
    });
  const open = (route = "") => openPage(browser, lab.larder.url, route);
  const signIn = async (page: Page, name: string, password: string): Promise<void> => {
    await page.getByRole("button", { name: "Sign in", exact: true }).first().click();
    const dialog = page.getByRole("dialog", { name: "Sign in" });
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByLabel("Password").press("Enter");
  };
  const banner = (page: Page) => page.getByRole("banner");

  test(
    "by a password, for as long as nobody signs out",
    async () => {
      const page = await open();
      await signIn(page, "ann", passwordOf("ann"));
      await banner(page).getByText("ann", { exact: true }).waitFor();
      await page.reload();
      await banner(page).getByText("ann", { exact: true }).waitFor();
      expect(await page.evaluate("document.cookie")).toBe("");
      const other = await page.context().newPage();
      await other.goto(page.url());
      await banner(other).getByText("ann", { exact: true }).waitFor();
      await banner(page).getByRole("button", { name: "Sign out" }).click();
      await banner(page).getByRole("button", { name: "Sign in" }).waitFor();
      // The other tab is told.
      await banner(other).getByRole("button", { name: "Sign in" }).waitFor();
      expect(await other.getByText("is over").count()).toBe(0);
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a wrong password is said where it was typed, and what was typed stays",
    async () => {
      const page = await open();
      await signIn(page, "ann", "wrong");
      const dialog = page.getByRole("dialog", { name: "Sign in" });
      await dialog.getByRole("alert").getByText("the user name or the password is wrong").waitFor();
      expect(await dialog.getByLabel("Name").inputValue()).toBe("ann");
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      expectQuiet(page, REFUSALS);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "by a token, whose end ends it while the page is open",
    async () => {
      const token = (await verb(["token", "create", "--name", "ci", "--allow", "pull:docker.io/**"])).trim();
      const page = await open();
      await page.getByRole("button", { name: "Sign in" }).click();
      const dialog = page.getByRole("dialog", { name: "Sign in" });
      await dialog.getByRole("button", { name: "Sign in with a token instead" }).click();
      await dialog.getByLabel("Token").fill(`  ${token}\n`);
      await dialog.getByLabel("Token").press("Enter");
      await banner(page).getByText("token:ci").waitFor();
      expect(page.url()).not.toContain(token);
      await verb(["token", "rm", "ci"]);
      // The next question shows it.
      await page.reload();
      await banner(page).getByRole("button", { name: "Sign in" }).waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a page of another port on the same host has the cookie, and gets nothing by it",
    async () => {
      const others = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => new Response("<!doctype html><title>a page</title>", { headers: { "Content-Type": "text/html" } }),
      });
      const page = await open();
      await signIn(page, "ann", passwordOf("ann"));
      await banner(page).getByText("ann", { exact: true }).waitFor();
      const foreign = await page.context().newPage();
      await foreign.goto(others.url.href);
      const api = `${lab.larder.url}/api/v1`;
      const ways = (await foreign.evaluate(`(${WAYS})(${JSON.stringify(api)})`)) as Record<string, string>;
      expect(ways).toEqual({ read: "failed", put: "failed", post: "failed", remove: "failed", stream: "failed" });
      await foreign.evaluate(`(${FORM})(${JSON.stringify(api)})`);
      await foreign.waitForURL(`${api}/**`);
      expect(await foreign.locator("body").innerText()).toContain("refused");
      const answer = (await page.evaluate(LOOK)) as { offline: boolean; pins: number; principal: string };
      expect(answer).toEqual({ offline: true, pins: 0, principal: "ann" });
      await others.stop(true);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "at a name that was made to lead here nobody signs in",
    async () => {
      const page = await openPage(browser, lab.larder.url.replace("127.0.0.1", EVIL));
      await signIn(page, "ann", passwordOf("ann"));
      await page.getByRole("alert").getByText("none of larder's names").waitFor();
      expect(await page.context().cookies()).toEqual([]);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "the dialog is for everybody, at any width",
    async () => {
      for (const look of LOOKS) {
        const page = await openPage(browser, lab.larder.url, "", look);
        if (look.width < 640) await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("button", { name: "Sign in" }).click();
        await page.getByRole("dialog", { name: "Sign in" }).waitFor();
        await expectAccessible(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );
});

/** Runs in the foreign page: each way to use what the browser has of larder's.. */
const WAYS = `async (api) => {
  const tell = (answer) => answer.then((response) => response.type, () => "failed");
  const own = { credentials: "include" };
  const json = { "Content-Type": "application/json" };
  const stream = new Promise((resolve) => {
    const source = new EventSource(api + "/live", { withCredentials: true });
    source.onmessage = source.onopen = () => (source.close(), resolve("open"));
    source.onerror = () => (source.close(), resolve("failed"));
  });
  return {
    read: await tell(fetch(api + "/session", own)),
    put: await tell(fetch(api + "/settings/offline", { ...own, method: "PUT", headers: json, body: '{"offline":false}' })),
    post: await tell(fetch(api + "/pins", { ...own, method: "POST", mode: "no-cors", body: '{"pin":"a/**"}' })),
    remove: await tell(fetch(api + "/session", { ...own, method: "DELETE" })),
    stream: await stream,
  };
}`;
const FORM = `(api) => {
  const form = document.createElement("form");
  form.method = "post";
  form.enctype = "text/plain";
  form.action = api + "/pins";
  const input = document.createElement("input");
  input.name = '{"pin":"a/**","x":"';
  input.value = '"}';
  form.append(input);
  document.body.append(form);
  form.submit();
}`;
const LOOK = `(async () => {
  const ask = async (path) => (await fetch("/api/v1" + path)).json();
  const [{ offline }, { pins }, { principal }] = await Promise.all([ask("/settings/offline"), ask("/pins"), ask("/session")]);
  return { offline, pins: pins.length, principal };
})()`;
