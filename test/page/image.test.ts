/** The view of one image, in a real browser: its tree, layers, files, what is attached to it, commands, what can be done. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { mapBounded } from "../../src/lib/async/map-bounded.ts";
import { imageOf, layerOf, makeShowcase, pushShowcase, type Showcase } from "../admin/showcase-images.ts";
import {
  contentOf,
  describeManifest,
  descriptorOf,
  makeIndex,
  makeManifest,
  TYPE,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;
const APP = "#/image/local/team/app:1";

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("the view of an image", () => {
  let larder: LarderProcess;
  let browser: Browser;
  let showcase: Showcase;
  const layer = (at: number) => showcase.amd64.blobs[at + 1]?.digest ?? "";

  beforeAll(async () => {
    [larder, browser, showcase] = await Promise.all([
      startLarder({ http: "127.0.0.1:0", environment: { LARDER_CHECK_ANSWERS: "1" } }),
      startBrowser([]),
      makeShowcase(),
    ]);
    await pushShowcase(showcase, (name, image, reference) => pushImage(larder.url, name, image, reference));
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await larder.stop();
  });

  /** Opens the view, does something with it, and sees to it that nothing was thrown or refused. */
  const look = (name: string, route: string, act: (page: Page) => Promise<void>, but: RegExp | null = null) =>
    test(
      name,
      async () => {
        const page = await openPage(browser, larder.url, route);
        await act(page);
        expectQuiet(page, but);
        await page.context().close();
      },
      TIMEOUT_MS,
    );

  look(
    "the platforms of an index are a step from each other, and the address says which is shown",
    APP,
    async (page) => {
      const index = page.getByRole("navigation", { name: "Images of the index" });
      await index.getByText("Index of 2 images").waitFor();
      const layers = page.locator(".layer-head");
      await layers.nth(1).waitFor();
      expect(await layers.count()).toBe(2);
      await index.getByRole("link", { name: "linux/arm64" }).click();
      await page.getByText("1 layer,").waitFor();
      expect(page.url()).toContain(encodeURIComponent(showcase.arm64.manifest.digest));
      await page.goBack();
      await page.getByText("2 layers,").waitFor();
    },
  );

  look("layers show the step that made each, steps without one, and who else has them", APP, async (page) => {
    await page.getByText("in 1 other image").click();
    const rows = await page.locator(".layers > li").allInnerTexts();
    expect(rows.map((text) => [/ADD|ENV|COPY|CMD/.exec(text)?.[0], text.includes("no layer")])).toEqual([
      ["ADD", false],
      ["ENV", true],
      ["COPY", false],
      ["CMD", true],
    ]);
    await page.getByRole("link", { name: "local/team/base:1" }).click();
    await page.getByRole("heading", { level: 1, name: "local/team/base:1" }).waitFor();
  });

  look("the files of a layer are opened by keyboard, folder by folder, and texts are read", APP, async (page) => {
    await page.getByRole("link", { name: "Files of layer 1" }).first().press("Enter");
    await page.getByRole("link", { name: "etc/" }).press("Enter");
    await page.getByRole("button", { name: "os-release" }).press("Enter");
    await page.getByText('NAME="Showcase"').waitFor();
    expect(page.url()).toContain("folder=etc");
    await page.getByRole("navigation", { name: "Folder" }).getByRole("link", { name: "layer" }).click();
    await page.getByRole("link", { name: "bin/" }).click();
    await page.getByText("→ tool").waitFor();
    await page.getByRole("button", { name: "tool" }).click();
    await page.getByText("It is no text").waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "etc/" }).waitFor();
  });

  test(
    "what a layer removes, and what leads outside, says so",
    async () => {
      const odd = await layerOf({ "../../etc/cron.d/x": "x", "etc/.wh.passwd": "", "a\u202eb\n<b>": "odd" });
      await pushImage(larder.url, "team/odd", imageOf([odd], "amd64"), "1");
      const page = await openPage(browser, larder.url, `#/image/local/team/odd:1?layer=${odd.digest}`);
      await page.getByText("leads outside").waitFor();
      await page.getByText("⟨U+202E⟩").waitFor();
      expect(await page.locator("main b").count()).toBe(0);
      await page.getByRole("link", { name: "etc/" }).click();
      await page.getByText("removed here").waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  look("a config is told in words, and a stranger's label is nothing but text", `${APP}?tab=config`, async (page) => {
    const panel = page.getByRole("tabpanel");
    await panel.getByText("/bin/tool", { exact: true }).first().waitFor();
    const text = await panel.innerText();
    for (const word of ["serve --port 80", "1000:1000", "80/tcp", "SIGQUIT", "interval 30 s", "C.UTF-8", "⟨U+202E⟩"]) {
      expect(text).toContain(word);
    }
    expect(text).toContain("<img src=x onerror=alert(1)>");
    expect(await page.locator("main img").count()).toBe(0);
    const link = panel.getByRole("link", { name: "https://git.example/app" });
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer");
  });

  look("what is attached is readable: packages, signers, statements, reports", `${APP}?tab=attached`, async (page) => {
    const open = async (kind: string) => {
      const row = page.locator(".attached > li", { hasText: kind });
      await row.locator("summary").first().click();
      return row;
    };
    const spdx = await open("SPDX bill of materials");
    await spdx.getByText("busybox").waitFor();
    await spdx.getByRole("searchbox").fill("zlib");
    await spdx.getByText("1 found").waitFor();
    expect(await spdx.getByText("busybox").count()).toBe(0);
    const bundle = await open("sigstore bundle");
    await bundle.getByText("release.yml@refs/tags/v1").waitFor();
    await bundle.getByText("known to https://issuer.example").waitFor();
    await (await open("in-toto attestation")).getByText("https://slsa.dev/provenance/v0.2").first().waitFor();
    const report = await open("vnd.example.report");
    await report.getByText("<b>fine</b>").waitFor();
    const inIndex = await open("BuildKit attestation");
    await inIndex.getByText("busybox").waitFor();
    await page.getByText("rules require no signature").waitFor();
  });

  look("commands are copied as they stand there", `${APP}?tab=commands`, async (page) => {
    await page.evaluate("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    await page.getByRole("button", { name: "Copy the line for podman" }).click();
    const host = new URL(larder.url).host;
    expect(await page.evaluate("window.copied")).toBe(`podman pull --tls-verify=false ${host}/team/app:1`);
    await page.getByLabel("Named by").selectOption("digest");
    await page.getByRole("button", { name: "Copy the line for docker" }).click();
    expect(await page.evaluate("window.copied")).toBe(`docker pull ${host}/team/app@${showcase.index.digest}`);
    for (const client of ["podman", "docker", "ctr", "crictl", "kubectl", "nerdctl", "skopeo", "crane"]) {
      await page.getByRole("heading", { name: client, exact: true }).waitFor();
    }
    await page.getByLabel("From").selectOption("joined");
    await page.getByText("has no other name").waitFor();
  });

  look("manifest and config are saved byte for byte", `${APP}?tab=raw`, async (page) => {
    for (const [at, digest] of [
      [0, showcase.amd64.manifest.digest],
      [1, showcase.amd64.blobs[0]?.digest],
    ] as const) {
      const [saved] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("link", { name: "Save it byte for byte" }).nth(at).click(),
      ]);
      expect(contentOf(await readFile(await saved.path())).digest).toBe(digest ?? "");
    }
    await page.getByRole("group", { name: "Manifest" }).getByText("schemaVersion").waitFor();
  });

  look("a chart is shown as one", "#/image/local/charts/web:1.2.3?tab=config", async (page) => {
    await page.getByText("Helm chart").waitFor();
    await page.getByText("Serves pages").waitFor();
    await page.getByRole("tab", { name: "Commands" }).click();
    const host = new URL(larder.url).host;
    await page.getByText(`helm pull --plain-http oci://${host}/charts/web --version 1.2.3`).waitFor();
    await page.getByRole("tab", { name: "Content" }).click();
    await page.getByRole("link", { name: "Files of layer 1" }).click();
    await page.getByRole("link", { name: "web/" }).click();
    await page.getByRole("button", { name: "values.yaml" }).click();
    await page.getByText("replicas: 1").waitFor();
  });

  look(
    "what is not here says how it comes",
    "#/image/docker.io/library/none:1",
    async (page) => {
      await page.getByText("larder cache docker.io/library/none:1").waitFor();
    },
    /404/,
  );

  test(
    "an image is pinned, and removed, after a question",
    async () => {
      await pushImage(larder.url, "team/gone", imageOf([await layerOf({ a: "gone" })], "amd64"), "1");
      const page = await openPage(browser, larder.url, "#/image/local/team/gone:1");
      await page.getByRole("button", { name: "Pin" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Pin" }).click();
      await page.locator(".chips").getByText("pinned").waitFor();
      await page.getByRole("button", { name: "Unpin" }).click();
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Remove" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.getByRole("heading", { level: 1, name: "Images" }).waitFor();
      await page.goto(`${larder.url}/#/image/local/team/gone:1`);
      await page.getByText("The image is not here").waitFor();
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "what is not here of an index is told, and brought",
    async () => {
      const near = await startLarder({ http: "127.0.0.1:0", arguments: ["--upstream", `up.example=${larder.url}`] });
      try {
        const fetched = await fetch(`${near.url}/api/v1/fetches`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ image: "up.example/team/app:1", platforms: ["linux/arm64"] }),
        });
        expect(await fetched.text()).toContain('"done"');
        const page = await openPage(browser, near.url, "#/image/up.example/team/app:1");
        const index = page.getByRole("navigation", { name: "Images of the index" });
        await index.getByText("1 of them here").waitFor();
        expect(await index.getByText("not here").count()).toBe(1);
        await page.getByText("1 layer,").waitFor();
        await index.getByRole("button", { name: "Bring the 1 that is missing" }).click();
        await index.getByRole("link", { name: "linux/amd64" }).waitFor();
        expect(await index.getByText("not here").count()).toBe(0);
        await page.getByRole("tab", { name: "Commands" }).click();
        await page.getByText("podman pull up.example/team/app:1", { exact: true }).waitFor();
        expectQuiet(page);
        await page.context().close();
      } finally {
        await near.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "an index of a thousand images, an image of five hundred layers, and ten thousand labels do not freeze the page",
    async () => {
      const layers = await Promise.all(Array.from({ length: 500 }, (_, at) => layerOf({ [`f${at}`]: "x" })));
      const labels = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`label-${at}`, `value ${at}`]));
      const large = { config: { Labels: { ...labels, long: "x".repeat(1 << 20) } } };
      const history = layers.map((_, at) => ({ created_by: `RUN step ${at} ${"y".repeat(2000)}` }));
      const image = imageOf(layers, "amd64", { ...large, history });
      await pushImage(larder.url, "team/large", image, image.manifest.digest);
      const [config = image.manifest] = image.blobs;
      const listed = Array.from({ length: 999 }, (_, at) =>
        makeManifest({
          schemaVersion: 2,
          mediaType: TYPE.manifest,
          config: descriptorOf(config, TYPE.config),
          layers: [],
          annotations: { at: String(at) },
        }),
      );
      await mapBounded(listed, 20, (one) =>
        pushImage(larder.url, "team/large", { manifest: one, blobs: [] }, one.digest),
      );
      const described = [image.manifest, ...listed].map((one, at) =>
        describeManifest(one, { platform: { os: "linux", architecture: at === 0 ? "amd64" : `cpu${at}` } }),
      );
      await pushImage(larder.url, "team/large", { manifest: makeIndex(described), blobs: [] }, "1");
      const page = await openPage(browser, larder.url, "#/image/local/team/large:1");
      await page.getByText("Index of 1,000 images").waitFor();
      expect(await page.locator(".platforms li").count()).toBe(40);
      await page.getByRole("button", { name: "Show all 1,000" }).click();
      expect(await page.locator(".platforms li").count()).toBe(1000);
      await page.getByRole("button", { name: "Show all 500 rows" }).waitFor();
      expect(await page.locator(".layers > li").count()).toBe(60);
      await page.getByRole("tab", { name: "Config" }).click();
      await page.getByRole("button", { name: "Show all 10,001" }).waitFor();
      expect(await page.locator(".pairs dt").count()).toBe(50);
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "every part of it is usable at every width, light and dark",
    async () => {
      for (const at of LOOKS) {
        for (const part of [`layer=${layer(0)}&folder=etc`, "tab=config", "tab=attached", "tab=commands", "tab=raw"]) {
          const page = await openPage(browser, larder.url, `${APP}?${part}`, at);
          await page
            .getByRole("tabpanel")
            .locator(".file, dl, .attached summary, .commands li, .json")
            .first()
            .waitFor();
          if (part === "tab=attached") await page.locator("summary", { hasText: "SPDX" }).first().click();
          await expectAccessible(page);
          expectQuiet(page);
          await page.context().close();
        }
      }
    },
    3 * TIMEOUT_MS,
  );
});
