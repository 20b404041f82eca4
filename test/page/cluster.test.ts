/** What a cluster needs, in a real browser: files are dropped, what is missing is brought. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { startLarder } from "../conformance/larder-process.ts";
import { BROWSER_NEEDS, startBrowser } from "../end-to-end/browser.ts";
import { HOST, PATH, PullThrough } from "../faults/pull-through.ts";
import { requirement } from "../requirement.ts";
import { expectAccessible, expectQuiet, LOOKS, openPage } from "./page-in-browser.ts";

const TIMEOUT_MS = 120_000;

/** As `helm create` lays a chart out. */
const CHART: Readonly<Record<string, string>> = {
  "Chart.yaml":
    'apiVersion: v2\nname: shop\ndescription: A Helm chart\ntype: application\nversion: 0.1.0\nappVersion: "1.16.0"\n',
  ".helmignore": "*.bak\n",
  "values.yaml": `replicaCount: 1
image:
  repository: ${HOST}/${PATH}
  tag: ""
sidecar:
  image: ${HOST}/${PATH}:side
`,
  "templates/_helpers.tpl": '{{- define "shop.name" -}}{{ .Chart.Name | trunc 63 | trimSuffix "-" }}{{- end }}\n',
  "templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.name" . }}
spec:
  template:
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
        - name: sidecar
          image: {{ .Values.sidecar.image | quote }}
`,
  "templates/NOTES.txt": "It runs.\n",
  "templates/tests/test-connection.yaml": `apiVersion: v1
kind: Pod
metadata:
  name: test
  annotations: { "helm.sh/hook": test }
spec:
  containers: [{ name: wget, image: busybox }]
`,
  "charts/.keep": "",
  "node_modules/left/images.txt": "quay.io/never/looked:1\n",
  "logo.png": "\u0000not a text",
};

describe.skipIf(!requirement(...BROWSER_NEEDS).met)("what a cluster needs", () => {
  let lab: PullThrough;
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    [lab, browser] = await Promise.all([PullThrough.start(), startBrowser([])]);
    folder = await mkdtemp(join(tmpdir(), "larder-cluster-"));
    for (const [path, text] of Object.entries(CHART)) await write(`shop/${path}`, text);
    for (const tag of ["1.16.0", "side", "two"]) lab.addImage(tag);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await browser.close();
    await lab.stop();
    await rm(folder, { recursive: true });
  });

  async function write(path: string, text: string | Uint8Array): Promise<string> {
    const full = join(folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, text);
    return full;
  }

  /** As a person drops files from another window. */
  async function drop(page: Page, ...paths: readonly string[]): Promise<void> {
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: [...paths], dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"] as const) {
      await session.send("Input.dispatchDragEvent", { type, x: 300, y: 250, data });
    }
    await session.detach();
  }

  const summary = (page: Page) => page.locator(".found-summary");
  const row = (page: Page, text: string) => page.getByRole("row").filter({ hasText: text });

  test(
    "a chart that is dropped is read, what is missing is brought with one click, and one that fails says why",
    async () => {
      const page = await openPage(browser, lab.larder.url, "#/cluster");
      await drop(page, join(folder, "shop"));
      await page.getByText("0 of 3 images are here, complete; 3 are missing").waitFor();
      expect(await row(page, `${HOST}/${PATH}:1.16.0`).textContent()).toContain("shop/templates/deployment.yaml:");
      expect(await page.locator("main").textContent()).not.toContain("quay.io/never/looked");
      await expectAccessible(page);
      await page.getByRole("button", { name: "Bring the 3 missing images" }).click();
      await page.getByText("2 of 3 images are here, complete; 1 is missing").waitFor();
      // The test's image, a guess, is Docker Hub's, to which there is no way.
      const failed = row(page, "docker.io/library/busybox:latest").first();
      await failed.getByText("failed").waitFor();
      expect(await failed.textContent()).toContain("could not be fetched");
      expect(await row(page, `${HOST}/${PATH}:side`).first().getByText("here", { exact: true }).count()).toBe(1);
      await page.getByRole("checkbox", { name: "Missing only" }).check();
      expect(await row(page, `${HOST}/${PATH}:side`).count()).toBe(0);
      const job = page.locator(".fetch-job").first();
      expect(await job.textContent()).toContain("2 brought, 1 failed");
      await job.getByRole("button", { name: "Show its images" }).click();
      await job.getByText("could not be fetched").first().waitFor();
      await expectAccessible(page);
      await job.getByRole("button", { name: "Try the 1 again" }).click();
      await job.getByText("ended, not whole").waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "a bring is seen moving on every page, goes on without one, and is cancelled",
    async () => {
      lab.upstream.misbehave({ kind: "blob" }, { kind: "hang" });
      const page = await openPage(browser, lab.larder.url, "#/cluster");
      await page.getByLabel("Or paste a manifest or a list of images").fill(`${HOST}/${PATH}:two\n`);
      await page.getByRole("button", { name: "Check", exact: true }).click();
      await page.getByRole("button", { name: "Bring the missing image" }).click();
      await page.getByRole("progressbar", { name: /two on its way/ }).waitFor();
      await page.getByRole("button", { name: "They are on their way" }).waitFor();
      await page.context().close();
      const other = await openPage(browser, lab.larder.url, "#/cluster");
      const job = other.locator(".fetch-job").filter({ hasText: "Pasted text" });
      await job.getByText("on its way").waitFor();
      await job.getByRole("button", { name: "Cancel" }).click();
      await job.getByText("1 cancelled").waitFor();
      lab.upstream.behave();
      lab.upstream.release();
      await job.getByRole("button", { name: "Try the 1 again" }).click();
      // What was on its way may have come to its end by itself.
      await job.getByText(/1 (?:brought|here before)/).waitFor();
      await job.getByRole("button", { name: "Forget" }).click();
      await job.waitFor({ state: "detached" });
      expectQuiet(other);
      await other.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "values, platforms and a release are asked for; what is not whole is said with file and line",
    async () => {
      const page = await openPage(browser, lab.larder.url, "#/cluster");
      const broken = await write("broken.yaml", "kind: Pod\na: [1\n");
      await drop(page, join(folder, "shop"), broken);
      await page.getByText("The list may not be whole: 1 thing was not read").waitFor();
      expect(await page.locator(".file-problems").textContent()).toContain("broken.yaml:");
      await page.getByText("Values for charts, a Kubernetes release").click();
      await page.getByLabel("Single values").fill("image.tag=2.0.0");
      await page.getByLabel("Values for charts", { exact: true }).fill("sidecar: {image: quay.io/values/side:3}");
      await page.getByLabel("Images of a Kubernetes release, too").fill("v1.31.2");
      await page.getByLabel("Platforms of the nodes").fill("linux/arm64");
      await page.getByRole("button", { name: "Check again with these" }).click();
      await row(page, "quay.io/values/side:3").first().waitFor();
      await row(page, `${HOST}/${PATH}:2.0.0`).first().waitFor();
      await row(page, "registry.k8s.io/kube-proxy:v1.31.2").first().waitFor();
      await page.getByLabel("Platforms of the nodes").fill("toaster");
      await page.getByRole("button", { name: "Check again with these" }).click();
      await page.getByText('"toaster" is not a platform').waitFor();
      expectQuiet(page, /400/);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "files are chosen as well; what is too much is refused before anything is sent, and what cannot be read is named",
    async () => {
      const page = await openPage(browser, lab.larder.url, "#/cluster");
      const large = await write("large.tar", "");
      await Bun.spawn(["truncate", "-s", "200M", large]).exited;
      await page.locator('input[type="file"]').first().setInputFiles(large);
      await page.getByText("large.tar has 210 MB").waitFor();
      await drop(page, await write("empty-folder/.keep", "").then(dirname));
      await summary(page).filter({ hasText: "No images are named there." }).waitFor();
      const hostile = await write(
        "<img src=x onerror=alert(1)> ${x} ../a.yaml".replaceAll("/", "∕"),
        "image: quay.io/h/a:1\n",
      );
      await page.locator('input[type="file"]').first().setInputFiles(hostile);
      await row(page, "quay.io/h/a:1").first().waitFor();
      expect(await row(page, "quay.io/h/a:1").first().textContent()).toContain("<img src=x");
      const many = join(folder, "many");
      for (let index = 0; index < 3000; index++) await write(`many/${index}.txt`, "");
      await write("many/images.txt", "quay.io/m/one:1\n");
      await drop(page, many);
      await row(page, "quay.io/m/one:1").first().waitFor();
      await page.getByText("3001 files looked through").waitFor();
      const binary = await write("program", new Uint8Array([0, 1, 2, 0]));
      await page.locator('input[type="file"]').first().setInputFiles(binary);
      await page.locator(".file-problems").filter({ hasText: "program" }).waitFor();
      expectQuiet(page);
      await page.context().close();
    },
    TIMEOUT_MS,
  );

  test(
    "who may not administer sees what is missing, and the line for who may",
    async () => {
      const larder = await startLarder({ http: "127.0.0.1:0" });
      try {
        const body = JSON.stringify({ password: "a long enough one" });
        const headers = { "Content-Type": "application/json" };
        const added = await fetch(`${larder.url}/api/v1/users/ann`, { method: "PUT", body, headers });
        expect(added.status).toBe(200);
        for (const look of LOOKS) {
          const page = await openPage(browser, larder.url, "#/cluster", look);
          await drop(page, join(folder, "shop"));
          await page.getByText("larder preload --keep-going --platform linux/amd64 PATH").waitFor();
          expect(await page.getByRole("button", { name: /^Bring/ }).count()).toBe(0);
          expect(await page.locator("#fetch-jobs").count()).toBe(0);
          await expectAccessible(page);
          await page.context().close();
        }
      } finally {
        await larder.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "it is usable at every width, light and dark",
    async () => {
      for (const look of LOOKS) {
        const page = await openPage(browser, lab.larder.url, "#/cluster", look);
        await drop(page, join(folder, "shop"));
        await summary(page).waitFor();
        await expectAccessible(page);
        expectQuiet(page);
        await page.context().close();
      }
    },
    TIMEOUT_MS,
  );
});
