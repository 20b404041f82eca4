/** The view of people, in a real browser: who administers adds, gives, revokes and asks; others are told why they see nothing. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { GuardedLarder, passwordOf } from "../access/guarded-larder.ts";
import { LARDER } from "../command-line/run-larder.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;
const RULES = [
  { subject: "ann", allow: ["*"], names: ["**"] },
  { subject: "anonymous", allow: ["pull"], names: ["docker.io/**"] },
];
const REFUSALS = /status of 40[0134]/;

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("people, in the page", () => {
  let lab: GuardedLarder;
  let browser: Browser;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["ann", "bob"], RULES);
    browser = await startBrowser([]);
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
  const signIn = async (page: Page, name: string, password = passwordOf(name)): Promise<void> => {
    const menu = page.getByRole("button", { name: "Menu" });
    if (await menu.isVisible()) await menu.click();
    await page.getByRole("banner").getByRole("button", { name: "Sign in" }).click();
    const dialog = page.getByRole("dialog", { name: "Sign in" });
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByLabel("Password").fill(password);
    await dialog.getByRole("button", { name: "Sign in", exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByRole("banner").getByText(name, { exact: true }).waitFor({ state: "attached" });
  };
  const as = async (name: string, route: string, look = {}): Promise<Page> => {
    const page = await openPage(browser, lab.larder.url, route, look);
    await signIn(page, name);
    return page;
  };

  test(
    "a user is added with a password that is made up, signs in with it, and is out when removed",
    async () => {
      const page = await as("ann", "#/people");
      await page.getByRole("button", { name: "Add a user" }).click();
      const dialog = page.getByRole("dialog", { name: "Add a user" });
      await dialog.getByLabel("Name", { exact: true }).fill("Eve!");
      await dialog.getByLabel("some things, on some names").check();
      await dialog.getByRole("button", { name: "Add", exact: true }).click();
      // Nothing is sent as long as the form itself knows what is wrong.
      await dialog.getByText("Write on which names").waitFor();
      await dialog.getByLabel("On names").fill("team/** docker.io/**");
      await dialog.getByRole("button", { name: "Add", exact: true }).click();
      await dialog.getByRole("alert").getByText("name").waitFor();
      await dialog.getByLabel("Name", { exact: true }).fill("eve");
      await dialog.getByLabel("Name", { exact: true }).press("Enter");
      const secret = (
        await page.getByRole("dialog", { name: "The password of eve" }).locator(".secret code").innerText()
      ).trim();
      expect(secret).toMatch(/^[A-Za-z2-9]{20}$/);
      await page.getByRole("button", { name: "I have kept it" }).click();
      const row = page.getByRole("row", { name: /^eve/ });
      expect(await row.innerText()).toContain("pull:local/team/**,docker.io/**");
      const other = await openPage(browser, lab.larder.url, "#/people");
      await signIn(other, "eve", secret);
      await other.getByText("eve may not administer this larder").waitFor();
      await page.getByRole("button", { name: "Remove eve" }).click();
      const confirm = page.getByRole("dialog", { name: "Remove eve?" });
      await confirm.getByText("The password counts no more").waitFor();
      await confirm.getByRole("button", { name: "Remove", exact: true }).click();
      await row.waitFor({ state: "detached" });
      await other.reload();
      await other.getByRole("banner").getByRole("button", { name: "Sign in" }).waitFor();
      expectQuiet(page, REFUSALS);
      await Promise.all([page.context().close(), other.context().close()]);
    },
    TIMEOUT_MS,
  );

  test(
    "somebody with several grants keeps those that nobody touches, and gets more",
    async () => {
      const allow = ["--allow", "pull,push:team/**", "--allow", "pull:docker.io/**"];
      await verb(["user", "add", "sam", "--password-stdin", ...allow], "secret");
      const page = await as("ann", "#/people");
      const row = page.getByRole("row", { name: /^sam/ });
      const change = async (act: () => Promise<void>) => {
        await page.getByRole("button", { name: "Rights of sam" }).click();
        await page.getByRole("dialog").getByLabel("On names").nth(1).waitFor();
        await act();
        await page.getByRole("button", { name: "Change", exact: true }).click();
        await page.getByRole("dialog").waitFor({ state: "detached" });
      };
      await change(async () => {});
      await page.getByText("sam is changed").waitFor();
      expect(await row.innerText()).toMatch(/pull,push:local\/team\/\*\*\s+pull:docker\.io\/\*\*/);
      await change(async () => {
        await page.getByRole("button", { name: "Add other names" }).click();
        await page.getByLabel("On names").nth(2).fill("quay.io/**");
        await page.getByRole("button", { name: "Remove what is given on docker.io/**" }).click();
      });
      await row.getByText("pull:quay.io/**").waitFor();
      expect(await row.innerText()).toContain("pull,push:local/team/**");
      expect(await row.innerText()).not.toContain("docker.io");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "rights are changed without a new password, and a password is typed",
    async () => {
      await verb(["user", "add", "zoe", "--password-stdin"], "before");
      const page = await as("ann", "#/people");
      await page.getByRole("button", { name: "Rights of zoe" }).click();
      await page.getByLabel("everything, administering larder as well").check();
      await page.getByRole("button", { name: "Change", exact: true }).click();
      await page.getByRole("row", { name: /^zoe everything/ }).waitFor();
      const other = await openPage(browser, lab.larder.url, "#/people");
      await signIn(other, "zoe", "before");
      await other.getByRole("tab", { name: "Audit log" }).waitFor();
      await page.getByRole("button", { name: "Password of zoe" }).click();
      await page.getByLabel("Make up a password").uncheck();
      await page.getByRole("textbox", { name: "New password" }).fill("larder_no");
      await page.getByRole("button", { name: "Change", exact: true }).click();
      await page.getByRole("alert").getByText("begins as larder's tokens do").waitFor();
      await page.getByRole("textbox", { name: "New password" }).fill("after");
      await page.getByRole("button", { name: "Change", exact: true }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await other.getByRole("tab", { name: "Tokens" }).click();
      await other.getByText("The session of zoe is over").waitFor();
      await Promise.all([page.context().close(), other.context().close()]);
    },
    TIMEOUT_MS,
  );

  test(
    "a session that ends while something is typed takes nothing of it",
    async () => {
      const page = await as("ann", "#/people");
      await page.getByRole("button", { name: "Add a user" }).click();
      await page.getByLabel("Name", { exact: true }).fill("typed");
      const { sessions } = JSON.parse(
        await page.evaluate(`fetch("/api/v1/sessions?whose=mine").then((r) => r.text())`),
      ) as {
        sessions: { id: string; isCurrent: boolean }[];
      };
      await verb(["session", "end", sessions.find(({ isCurrent }) => isCurrent)?.id ?? ""]);
      await page.getByRole("button", { name: "Add", exact: true }).click();
      const dialog = page.getByRole("dialog", { name: "Add a user" });
      await dialog.getByRole("button", { name: "Sign in" }).click();
      const over = page.getByRole("dialog", { name: "Sign in" });
      await over.getByLabel("Password").fill(passwordOf("ann"));
      expect(await over.getByLabel("Name").inputValue()).toBe("ann");
      await over.getByLabel("Password").press("Enter");
      await over.waitFor({ state: "detached" });
      expect(await dialog.getByLabel("Name", { exact: true }).inputValue()).toBe("typed");
      await dialog.getByRole("button", { name: "Add", exact: true }).click();
      await page.getByRole("dialog", { name: "The password of typed" }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a token is made, shown once, works, and is revoked",
    async () => {
      const page = await as("ann", "#/people/tokens");
      await page.getByRole("button", { name: "Create a token" }).click();
      await page.getByLabel("Name", { exact: true }).fill("ci");
      await page.getByLabel("On names").fill("team/**");
      await page.getByLabel("On names").press("Enter");
      const secret = await page.getByRole("dialog", { name: "The token ci" }).locator(".secret code").innerText();
      const begin = () =>
        send("POST", `${lab.larder.url}/v2/team/app/blobs/uploads/`, {
          headers: { Authorization: `Bearer ${secret}` },
        });
      expect((await begin()).status).toBe(202);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(await page.content()).not.toContain(secret);
      await page.getByRole("row", { name: /^ci good/ }).waitFor();
      await page.getByRole("button", { name: "Revoke ci" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
      await page.getByRole("row", { name: /^ci revoked/ }).waitFor();
      expect((await begin()).status).toBe(401);
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "rules are told in words, and asked",
    async () => {
      const page = await as("ann", "#/people/rules");
      await page.getByText("the user ann may do everything with everything").waitFor();
      await page.getByText("everybody may pull docker.io/**").waitFor();
      await page.getByLabel("Who").fill("bob");
      await page.getByLabel("Does what").selectOption("push");
      await page.getByLabel("To what").fill("team/app");
      await page.getByLabel("To what").press("Enter");
      await page.getByText("bob may not push team/app:").waitFor();
      await page.getByLabel("Who").fill("nobody*");
      await page.getByRole("button", { name: "Ask" }).click();
      await page.getByRole("alert").getByText("is nobody's name").waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "sessions are listed, and another one is ended",
    async () => {
      const other = await as("bob", "#/people");
      // Who administers nothing sees their own alone.
      await other.getByRole("row", { name: /^bob this one/ }).waitFor();
      expect(await other.getByRole("tab").count()).toBe(1);
      const page = await as("ann", "#/people/sessions");
      await page.getByRole("row", { name: /^bob/ }).getByRole("button", { name: "End" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "End", exact: true }).click();
      await page.getByRole("row", { name: /^bob/ }).waitFor({ state: "detached" });
      await other.reload();
      await other.getByRole("banner").getByRole("button", { name: "Sign in" }).waitFor();
      await Promise.all([page.context().close(), other.context().close()]);
    },
    TIMEOUT_MS,
  );

  test(
    "the audit log is narrowed down, and the address says how",
    async () => {
      await verb(["user", "add", "audited", "--password-stdin"], "x1");
      const page = await as("ann", "#/people/audit");
      await page.getByRole("row", { name: /user-added administrator .* audited/ }).waitFor();
      await page.getByLabel("Did what").selectOption("signed-in");
      await page
        .getByRole("row", { name: /user-added/ })
        .first()
        .waitFor({ state: "detached" });
      await page
        .getByRole("row", { name: /signed-in ann/ })
        .first()
        .waitFor();
      expect(page.url()).toContain("what=signed-in");
      await page.getByLabel("Who").fill("nobody");
      await page.getByLabel("Who").press("Enter");
      await page.getByText("There is nothing of the kind").waitFor();
      await page.reload();
      expect(await page.getByLabel("Who").inputValue()).toBe("nobody");
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "all of it is for everybody, at any width",
    async () => {
      for (const look of LOOKS) {
        const page = await as("ann", "#/people", look);
        for (const tab of ["Users", "Tokens", "Rules", "Sessions", "Audit log"]) {
          await page.getByRole("tab", { name: tab }).click();
          await page.getByRole("tabpanel", { name: tab }).waitFor();
          await expectAccessible(page);
        }
        await page.getByRole("tab", { name: "Users" }).click();
        await page.getByRole("button", { name: "Add a user" }).click();
        await page.getByLabel("some things, on some names").check();
        await expectAccessible(page);
        await page.keyboard.press("Escape");
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );
});

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("people, where nobody is set up", () => {
  let larder: LarderProcess;
  let browser: Browser;
  beforeAll(async () => {
    larder = await startLarder();
    browser = await startBrowser([]);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  test(
    "larder's own machine is told so, adds the first one, and is asked to sign in from then on",
    async () => {
      const page = await openPage(browser, larder.url, "#/people");
      await page.getByText("Nobody is set up yet").waitFor();
      await page.getByRole("button", { name: "Add a user" }).click();
      await page.getByLabel("Name", { exact: true }).fill("ann");
      await page.getByLabel("Make up a password").uncheck();
      await page.getByLabel("Password", { exact: true }).fill("first");
      await page.getByLabel("everything, administering larder as well").check();
      await page.getByLabel("Name", { exact: true }).press("Enter");
      await page.getByText("are for administrators").waitFor();
      await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
      const dialog = page.getByRole("dialog", { name: "Sign in" });
      await dialog.getByLabel("Name").fill("ann");
      await dialog.getByLabel("Password").fill("first");
      await dialog.getByLabel("Password").press("Enter");
      await page.getByRole("row", { name: /^ann everything/ }).waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );
});
