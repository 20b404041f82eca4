/** The page's view of what happens, in a real browser, with pulls that are really slow. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import type { Browser, Page } from "playwright-core";
import {
  type Content,
  contentOf,
  descriptorOf,
  type Image,
  makeBlob,
  makeImage,
  makeManifest,
  TYPE,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, pushImage, send } from "../conformance/registry-client.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;
const CONTAINERD = { "User-Agent": "containerd/v2.1.4" };
/** More than a client's and larder's kernel buffers hold together. */
const LARGE_BYTES = 48 << 20;

function imageWith(layers: readonly Content[]): Image {
  const config = contentOf(
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } }),
  );
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: layers.map((layer) => descriptorOf(layer, TYPE.layer)),
  });
  return { manifest, blobs: [config, ...layers] };
}

/** A client that asks for a blob and reads of it no more than it is told to. */
async function slowClient(url: string, name: string, digest: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
  socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(
    `GET /v2/${name}/blobs/${digest} HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: containerd/v2.1.4\r\n\r\n`,
  );
  return socket;
}

/** Reads so many bytes, and then no more. */
async function readSome(client: Socket, bytes: number): Promise<void> {
  let left = bytes;
  await new Promise<void>((resolve) => {
    const read = (chunk: Buffer) => {
      left -= chunk.length;
      if (left > 0) return;
      client.off("data", read);
      client.pause();
      resolve();
    };
    client.on("data", read);
    client.resume();
  });
}

/** A registry that gives half of each blob, and the rest when it is told to. */
function slowUpstream(image: Image, large: Content) {
  const release = Promise.withResolvers<void>();
  const blobs = new Map(image.blobs.map((blob) => [blob.digest, blob.bytes]));
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url, method }) => {
      const { pathname } = new URL(url);
      if (pathname === "/v2/") return Response.json({});
      const headers = { "Docker-Content-Digest": image.manifest.digest, "Content-Type": image.manifest.mediaType };
      if (pathname.includes("/manifests/"))
        return new Response(method === "HEAD" ? null : image.manifest.bytes, { headers });
      const digest = pathname.split("/").at(-1) ?? "";
      const bytes = blobs.get(digest);
      if (bytes === undefined) return new Response(null, { status: 404 });
      // A stream has no length of its own here.
      if (method === "HEAD") return new Response(null, { headers: { "Content-Length": String(bytes.length) } });
      if (digest !== large.digest) return new Response(bytes);
      const half = bytes.length / 2;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytes.slice(0, half)),
        async pull(controller) {
          await release.promise;
          controller.enqueue(bytes.slice(half));
          controller.close();
        },
      });
      return new Response(body);
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, release: () => release.resolve(), stop: () => server.stop(true) };
}

const rowOf = (page: Page, name: string) =>
  page.locator("section", { hasText: "On its way" }).locator("tbody tr", { hasText: name });
const valueOf = async (page: Page, name: string) =>
  Number(await rowOf(page, name).locator("progress").getAttribute("value"));

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("what happens, in a browser", () => {
  const large = makeBlob(LARGE_BYTES);
  const image = imageWith([large, makeBlob(5000)]);
  const far = makeBlob(4 << 20);
  const farImage = imageWith([far]);
  let upstream: ReturnType<typeof slowUpstream>;
  let larder: LarderProcess;
  let browser: Browser;

  beforeAll(async () => {
    upstream = slowUpstream(farImage, far);
    const more = ["--stand-in", "far.test", "--upstream", `far.test=${upstream.url}`];
    [larder, browser] = await Promise.all([startLarder({ arguments: more }), startBrowser([])]);
    await pushImage(larder.url, "app", image, "1");
  }, TIMEOUT_MS);
  afterAll(async () => {
    await upstream.stop();
    await browser.close();
    await larder.stop();
  });

  test(
    "a slow pull from disk is seen moving, with who pulls, and goes when it is done",
    async () => {
      const page = await openPage(browser, larder.url, "#/activity");
      await page.getByText("live", { exact: true }).waitFor();
      await send("GET", manifestUrl(larder.url, "app", "1"), { headers: CONTAINERD });
      const client = await slowClient(larder.url, "app", large.digest);
      const row = rowOf(page, "local/app:1");
      await row.waitFor();
      const text = await row.innerText();
      expect(text).toContain("containerd 2.1.4");
      expect(text).toMatch(/127\.0\.0\.1|::1/);
      expect(text).toContain("hit");
      await row.filter({ hasText: "0 of 3 layers" }).waitFor();
      // What its buffers hold has arrived; the rest goes as it reads.
      const before = await valueOf(page, "local/app:1");
      expect(before).toBeLessThan(LARGE_BYTES);
      await readSome(client, LARGE_BYTES / 2);
      await until("half of it", async () => (await valueOf(page, "local/app:1")) >= LARGE_BYTES / 2 - before);
      expect(await valueOf(page, "local/app:1")).toBeLessThan(LARGE_BYTES);
      client.resume();
      await page.getByText("Nothing is being pulled or pushed just now.").waitFor();
      client.destroy();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a download from a slow upstream is seen, with the client that waits, and what happened is told",
    async () => {
      const page = await openPage(browser, larder.url, "#/activity");
      await page.getByText("live", { exact: true }).waitFor();
      await send("GET", manifestUrl(larder.url, "far.test/team/app", "2"), { headers: CONTAINERD });
      const pulling = send("GET", blobUrl(larder.url, "far.test/team/app", far.digest), { headers: CONTAINERD });
      const row = rowOf(page, "far.test/team/app:2");
      await row.waitFor();
      expect(await row.innerText()).toContain("miss");
      await page.getByText("larder, for 1 client").waitFor();
      const half = far.bytes.length / 2;
      await until("half of it", async () => (await valueOf(page, "far.test/team/app:2")) >= half - 65_536);
      upstream.release();
      expect((await pulling).bytes.length).toBe(far.bytes.length);
      await page.locator(".happened li", { hasText: "far.test/team/app:2" }).first().waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "it comes back by itself when larder is started anew, and tells what it missed",
    async () => {
      const dataFolder = larder.dataFolder;
      const port = new URL(larder.url).port;
      const page = await openPage(browser, larder.url, "#/activity");
      await page.getByText("live", { exact: true }).waitFor();
      await larder.kill();
      await page.getByText("the connection was cut").waitFor();
      const again = await startLarder({
        http: `127.0.0.1:${port}`,
        dataFolder,
        arguments: ["--upstream", `far.test=${upstream.url}`],
      });
      try {
        await pushImage(again.url, "later", makeImage(), "9");
        await page.getByText("live", { exact: true }).waitFor();
        await page.locator(".happened li", { hasText: "local/later:9" }).first().waitFor();
        expectQuiet(page, /ERR_|Failed to load|cannot be reached/);
      } finally {
        await page.context().close();
        await again.stop();
        larder = await startLarder({
          http: `127.0.0.1:${port}`,
          dataFolder,
          arguments: ["--upstream", `far.test=${upstream.url}`],
        });
      }
    },
    TIMEOUT_MS,
  );

  test(
    "who may administer switches larder offline and back, and every page sees it",
    async () => {
      const [one, two] = [
        await openPage(browser, larder.url, "#/activity"),
        await openPage(browser, larder.url, "#/activity"),
      ];
      await two.getByText("live", { exact: true }).waitFor();
      await one.getByRole("switch", { name: "Offline: off" }).click();
      await two.getByRole("switch", { name: "Offline: on" }).waitFor();
      await two.getByText("no registry is asked").waitFor();
      await two.getByRole("switch", { name: "Offline: on" }).click();
      await one.getByRole("switch", { name: "Offline: off" }).waitFor();
      for (const page of [one, two]) {
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "it is usable at every width, light and dark, and by the table of its figures",
    async () => {
      for (const look of LOOKS) {
        const page = await openPage(browser, larder.url, "#/activity?over=1h", look);
        await page.getByRole("heading", { name: "What eviction would take next" }).waitFor();
        await page.getByText("The figures as a table").first().click();
        await page.getByRole("group", { name: "Bytes over 1 hour" }).waitFor();
        await page.getByRole("tab", { name: "1 hour" }).press("ArrowRight");
        await page.getByRole("tab", { name: "24 hours", selected: true }).waitFor();
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );
});
