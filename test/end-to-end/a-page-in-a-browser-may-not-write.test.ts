/** Pages in a real browser on larder's own machine: whose requests come from that machine, but for anybody. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import type { Browser, Frame, Page } from "playwright-core";
import { contentOf, makeImage, TYPE } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { type Loot, scriptedRequests, SIMPLE_WAYS, simpleRequests } from "./attacking-page.ts";
import { BROWSER_NEEDS, startBrowser } from "./browser.ts";

const SETUP_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 60_000;

const MAX_LOOKS = 1000;

const EVIL = "evil.example";
const NAMED = "larder.example";
const VICTIM = { name: "team/app", tag: "1" };
const TEXT = "text of a stranger";
const HTML = "<!doctype html><title>a page</title><body>";

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("a page in a browser on larder's own machine", () => {
  let larder: LarderProcess;
  let browser: Browser;
  let others: Bun.Server<undefined>;
  let loot: Loot;
  let before: unknown;
  const portOf = (): string => new URL(larder.url).port;

  beforeAll(async () => {
    larder = await startLarder({ http: ":0", arguments: ["--name", NAMED] });
    const headers = { "Content-Type": "text/html" };
    others = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      reusePort: false,
      fetch: () => new Response(HTML, { headers }),
    });
    const image = makeImage();
    await pushImage(local(), VICTIM.name, image, VICTIM.tag);
    const { digest } = contentOf(TEXT);
    const document = JSON.parse(new TextDecoder().decode(image.manifest.bytes)) as Record<string, unknown>;
    const manifest = JSON.stringify({ ...document, annotations: { author: "a stranger" } });
    loot = { text: TEXT, digest, manifest, victim: { ...VICTIM, digest: image.manifest.digest } };
    before = await state();
    browser = await startBrowser([EVIL, NAMED]);
  }, SETUP_TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await others.stop(true);
    await larder.stop();
  });

  const local = (): string => `http://127.0.0.1:${portOf()}`;

  /** What there is, and whether larder is offline. */
  async function state(): Promise<unknown> {
    const asked = ["/v2/_catalog", `/v2/${VICTIM.name}/tags/list`, "/api/v1/settings/offline"];
    const answers = await Promise.all(asked.map((path) => send("GET", `${local()}${path}`)));
    const { headers } = await send("HEAD", manifestUrl(local(), VICTIM.name, VICTIM.tag));
    const files = await readdir(larder.dataFolder, { recursive: true });
    const content = files.filter((file) => /^(blobs|uploads)\//.test(file)).sort();
    return { answers: answers.map(({ text }) => text), digest: headers.get("docker-content-digest"), content };
  }

  async function open(url: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(url);
    return page;
  }

  /** A page of larder's own site that runs scripts, which larder's answers must not: the browser leaves their policy aside. */
  async function openAt(site: string): Promise<Page> {
    const page = await browser.newPage({ bypassCSP: true });
    await page.goto(`${site}/v2/`);
    return page;
  }

  /** Resolves when larder has refused each of the requests that a browser sends unasked. */
  async function untilRefused(sinceChars: number): Promise<void> {
    const refusalOf = (way: string) => RegExp(`"repository":"local/${way}",.*"code":"DENIED"`);
    const isRefused = (way: string) => refusalOf(way).test(larder.output().slice(sinceChars));
    for (let looks = 0; looks < MAX_LOOKS && !SIMPLE_WAYS.every(isRefused); looks++) await Bun.sleep(20);
    expect(SIMPLE_WAYS.filter((way) => !isRefused(way))).toEqual([]);
  }

  async function attack(where: Page | Frame, registry: string): Promise<readonly string[]> {
    const sinceChars = larder.output().length;
    expect(await where.evaluate<boolean>(simpleRequests(registry, loot))).toBe(true);
    const outcomes = await where.evaluate<string[]>(scriptedRequests(registry, loot));
    await untilRefused(sinceChars);
    expect(await state()).toEqual(before);
    return outcomes;
  }

  const TARGETS = ["localhost", "127.0.0.1", NAMED, ...(requirement("ipv6").met ? ["[::1]"] : [])];

  test.each(TARGETS)(
    "of another site changes nothing at %s",
    async (host) => {
      const page = await open(`http://${EVIL}:${others.port}/`);
      for (const outcome of await attack(page, `http://${host}:${portOf()}`)) {
        expect(outcome).toMatch(/: (TypeError|refused)$/);
      }
      await page.close();
    },
    TEST_TIMEOUT_MS,
  );

  test.each(["localhost", "127.0.0.1", NAMED])(
    "of another port of %s changes nothing",
    async (host) => {
      const page = await open(`http://${host}:${others.port}/`);
      for (const outcome of await attack(page, `http://${host}:${portOf()}`)) {
        expect(outcome).toMatch(/: (TypeError|refused)$/);
      }
      await page.close();
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "in a frame without an origin changes nothing",
    async () => {
      const page = await open(`http://${EVIL}:${others.port}/`);
      await page.setContent('<iframe sandbox="allow-scripts allow-forms" srcdoc="<body>"></iframe>');
      const frame = page.frames()[1] ?? expect.unreachable("the frame is there");
      expect(await frame.evaluate<string>("self.origin")).toBe("null");
      await attack(frame, `http://localhost:${portOf()}`);
      await page.close();
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "whose name was made to lead to larder changes nothing, though its browser takes larder for its own site",
    async () => {
      const page = await openAt(`http://${EVIL}:${portOf()}`);
      const outcomes = await attack(page, `http://${EVIL}:${portOf()}`);
      for (const outcome of outcomes) expect(outcome).toMatch(/: (403|refused)$/);
      await page.close();
    },
    TEST_TIMEOUT_MS,
  );

  test.each(TARGETS)(
    "that larder serves itself at %s may write",
    async (host) => {
      const registry = `http://${host}:${portOf()}`;
      const page = await openAt(registry);
      const type = JSON.stringify(TYPE.manifest);
      const statuses = await page.evaluate<number[]>(`(async () => {
        const status = async (path, init) => (await fetch(path, init)).status;
        const manifest = await (await fetch("/v2/${VICTIM.name}/manifests/1", { headers: { Accept: ${type} } })).text();
        const type = { "Content-Type": ${type} };
        return [
          await status("/v2/own/page/blobs/uploads/?digest=${loot.digest}", { method: "POST", body: ${JSON.stringify(TEXT)} }),
          await status("/v2/${VICTIM.name}/manifests/2", { method: "PUT", headers: type, body: manifest }),
          await status("/v2/${VICTIM.name}/manifests/2", { method: "DELETE" }),
          await status("/api/v1/collections", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }),
        ];
      })()`);
      expect(statuses).toEqual([201, 201, 202, 200]);
      await page.close();
    },
    TEST_TIMEOUT_MS,
  );
});
