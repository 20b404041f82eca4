/** The view of endpoints and of what nobody took, with a receiver that fails and then works. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 180_000;

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("events in a browser", () => {
  let folder: string;
  let larder: LarderProcess;
  let browser: Browser;
  let receiver: ReturnType<typeof startReceiver>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-events-"));
    receiver = startReceiver();
    const url = `http://hush-user:hush-password@127.0.0.1:${receiver.port}/hook?token=hush-token`;
    const headers = { Authorization: "Bearer hush-header" };
    const endpoints = [
      { name: "builds", url, headers, format: "cloudevents", threshold: 1000 },
      { name: "asleep", url: "http://127.0.0.1:9/", disabled: true },
    ];
    await Bun.write(join(folder, "larder.yaml"), JSON.stringify({ notifications: { endpoints } }));
    const settings = ["--config", join(folder, "larder.yaml")];
    [larder, browser] = await Promise.all([startLarder({ arguments: settings }), startBrowser([])]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
    await receiver.stop();
    await rm(folder, { recursive: true });
  });

  const push = (tag: string) => pushImage(larder.url, "team/app", makeImage({ annotations: { tag } }), tag);
  /** A row of a table, by what it begins with. */
  const row = (page: Page, caption: string, name: string): Locator =>
    page.getByRole("table", { name: caption }).getByRole("row").filter({ hasText: name });

  test(
    "an endpoint that refuses is seen failing, what was given up is looked at, retried and dropped, and then all is well",
    async () => {
      const page = await openPage(browser, larder.url, "#/events");
      const builds = row(page, "Endpoints", "builds");
      await builds.getByText("well").waitFor();
      await row(page, "Endpoints", "asleep").getByText("disabled").waitFor();

      receiver.answerWith(422);
      for (const tag of ["v1", "v2", "v3"]) await push(tag);
      // Nobody touches the page meanwhile.
      await builds.getByText("it answered 422").waitFor();
      await row(page, "Given up", "team/app:v3").waitFor();
      for (const look of LOOKS) {
        const other = await openPage(browser, larder.url, "#/events", look);
        await row(other, "Given up", "team/app:v3").waitFor();
        await expectAccessible(other);
        expectQuiet(other);
        await other.context().close();
      }

      await row(page, "Given up", "team/app:v1").getByRole("button", { name: "Show" }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByText("application/cloudevents+json").waitFor();
      await dialog.getByText("larder.image.push").waitFor();
      await expectAccessible(page);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });

      await row(page, "Given up", "team/app:v2").getByRole("button", { name: "Drop" }).click();
      await dialog.getByRole("button", { name: "Drop", exact: true }).click();
      await row(page, "Given up", "team/app:v2").waitFor({ state: "detached" });

      receiver.answerWith(204);
      await row(page, "Given up", "team/app:v1").getByRole("button", { name: "Retry" }).click();
      await row(page, "Given up", "team/app:v1").waitFor({ state: "detached" });
      await builds.getByRole("button", { name: "Retry all" }).click();
      await page.getByText("Nothing was given up.").waitFor();
      await builds.getByText("well").waitFor();
      await until("both were told", () => receiver.taken.length === 2, 10_000);
      expect(receiver.taken.map(({ subject }) => subject)).toEqual(["team/app:v1", "team/app:v3"]);

      expect(await page.content()).not.toContain("hush");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a test event goes at once, past what waits, and is in the audit log",
    async () => {
      const page = await openPage(browser, larder.url, "#/events");
      const builds = row(page, "Endpoints", "builds");
      receiver.taken.length = 0;
      receiver.answerWith(204);
      await builds.getByRole("button", { name: "Send a test event" }).click();
      await page.getByText("builds took the test event").waitFor();
      expect(receiver.taken).toMatchObject([{ type: "larder.test", specversion: "1.0" }]);
      receiver.answerWith(503);
      await builds.getByRole("button", { name: "Send a test event" }).click();
      await page.getByText("builds did not take the test event: it answered 503").waitFor();
      // It is no notification: nothing waits, and nobody is failing for it.
      await builds.getByText("well").waitFor();
      const { text } = await send("GET", `${larder.url}/api/v1/audit?limit=50`);
      expect(text).toContain("notifications-tested");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "what is sent is shown by what happened last",
    async () => {
      const page = await openPage(browser, larder.url, "#/events");
      await page.getByText("larder.image.push: team/app:v3").waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "where nobody is told, there is a file to copy; and who may not administer sees that, and asks nothing",
    async () => {
      const bare = await startLarder({});
      try {
        const page = await openPage(browser, bare.url, "#/events");
        await page.getByText("Nobody is told of anything yet").waitFor();
        await page.getByText("notifications:").waitFor();
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      } finally {
        await bare.stop();
      }
    },
    TIMEOUT_MS,
  );
});

/** Takes CloudEvents, or refuses them. */
function startReceiver() {
  const taken: { readonly type: string; readonly subject?: string; readonly specversion: string }[] = [];
  let status = 204;
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const event = (await request.json()) as (typeof taken)[number];
      if (status < 400) taken.push(event);
      return new Response(null, { status });
    },
  });
  return { port: server.port, taken, answerWith: (other: number) => (status = other), stop: () => server.stop(true) };
}
