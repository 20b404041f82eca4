import { expect } from "bun:test";
import { source as AXE } from "axe-core";
import type { Browser, Page } from "playwright-core";

/** What is wrong by axe-core's rules, as far as it matters here. */
type AxeResult = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string | null;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
};

/** How a page is looked at. */
export type Look = {
  /** CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
};

/** The widths and themes at which every view is to be usable. */
export const LOOKS: readonly Required<Pick<Look, "width" | "theme">>[] = [
  { width: 360, theme: "light" },
  { width: 360, theme: "dark" },
  { width: 1280, theme: "light" },
  { width: 1280, theme: "dark" },
];

/**
 * Opens larder's page in a browser context of its own, at a route such as `#/images`. What the page says to the console that is
 * an error, and what it throws, fails `expectQuiet`.
 */
export async function openPage(browser: Browser, url: string, route = "", look: Look = {}): Promise<Page> {
  const { width = 1280, height = 900, theme = "light" } = look;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
    ignoreHTTPSErrors: true,
  });
  const page = await context.newPage();
  const said: string[] = [];
  complaints.set(page, said);
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") said.push(message.text());
  });
  await page.goto(`${url}/${route}`);
  await page.locator("main h1").first().waitFor();
  return page;
}

const complaints = new WeakMap<Page, string[]>();

/** Has the page thrown nothing, and has the browser refused it nothing? `but`: complaints that are meant to be. */
export function expectQuiet(page: Page, but: RegExp | null = null): void {
  expect((complaints.get(page) ?? []).filter((one) => but === null || !but.test(one))).toEqual([]);
}

/** Nothing serious by axe-core, and nothing that makes the whole page scroll sideways. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate(
    "axe.run(document, { resultTypes: ['violations'], rules: { region: { enabled: true } } })",
  )) as AxeResult;
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html.slice(0, 300)) }))).toEqual([]);
  const overhang = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  expect(overhang).toBe(0);
}
