/** `larder images --fetch` and its like: charts that real Helm packed and pushed, from larder, a registry and a repository over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startWebServer, type WebServer } from "../../src/upstream/transport/web-server.fixture.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { runLarder } from "./run-larder.ts";
import { hostOf, publish, TestSite } from "./test-site.ts";

const lab = requirement("docker-registry", "go:helm");

const POD =
  "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: '{{ .Values.image }}'}]}\n";

describe.skipIf(!lab.met)("charts that files name", () => {
  let site: TestSite;
  let web: WebServer;
  /** What the web server answers with, by path. */
  const pages = new Map<string, Uint8Array<ArrayBuffer> | string>();

  beforeAll(async () => {
    site = await TestSite.open();
    web = startWebServer(({ url, headers }) => {
      const { pathname } = new URL(url);
      if (pathname.startsWith("/private/") && headers.get("authorization") !== `Basic ${btoa("me:secret")}`) {
        return new Response("no", { status: 401 });
      }
      const page = pages.get(pathname);
      return page === undefined ? new Response("gone", { status: 404 }) : new Response(page);
    });
  });
  afterAll(async () => {
    await web.stop();
    await site.close();
  });

  /** Runs Helm with a home of its own. */
  async function helm(...argv: string[]): Promise<void> {
    const home = { HOME: site.folder };
    const result = await runCommand([findGoProgram("helm") ?? "", ...argv], { environment: home });
    if (result.status !== 0) throw new Error(result.errors);
  }

  /** A packed chart that runs `image`. */
  async function pack(name: string, version: string, image: string): Promise<string> {
    const folder = join(site.folder, "charts", `${name}-${version}`, name);
    await mkdir(join(folder, "templates"), { recursive: true });
    await writeFile(join(folder, "Chart.yaml"), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
    await writeFile(join(folder, "values.yaml"), `image: ${image}\n`);
    await writeFile(join(folder, "templates", "p.yaml"), POD);
    await helm("package", folder, "--destination", dirname(folder));
    return join(dirname(folder), `${name}-${version}.tgz`);
  }

  /** Puts charts into a repository below `/NAME/`. */
  async function serveRepository(name: string, files: readonly string[], change = (index: string) => index) {
    const entries: Record<string, object[]> = {};
    for (const file of files) {
      const bytes = new Uint8Array(await readFile(file));
      const base = file.slice(file.lastIndexOf("/") + 1);
      const [, chart = "", version = ""] = /^(.+?)-(\d.*)\.tgz$/.exec(base) ?? [];
      const digest = createHash("sha256").update(bytes).digest("hex");
      (entries[chart] ??= []).push({ apiVersion: "v2", name: chart, version, digest, urls: [`files/${base}`] });
      pages.set(`/${name}/files/${base}`, bytes);
    }
    pages.set(`/${name}/index.yaml`, change(JSON.stringify({ apiVersion: "v1", entries })));
    return `${web.url}/${name}`;
  }

  const helmChart = (fields: Record<string, string>) =>
    JSON.stringify({ apiVersion: "helm.cattle.io/v1", kind: "HelmChart", metadata: { name: "x" }, spec: fields });

  test("come from the larder that they were pushed to, and are read with the values of their release", async () => {
    await helm(
      "push",
      await pack("web", "1.2.3+build.1", "q.io/web:1"),
      `oci://${hostOf(site.larder.url)}/charts`,
      "--plain-http",
    );
    await helm(
      "push",
      await pack("web", "1.3.0", "q.io/web:2"),
      `oci://${hostOf(site.larder.url)}/charts`,
      "--plain-http",
    );
    const chart = `oci://${hostOf(site.larder.url)}/charts/web`;
    const exact = await site.write("exact.json", helmChart({ chart, version: "1.2.3+build.1" }));
    const { status, output, errors } = await site.run("images", "--fetch", "--strict", exact);
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    expect(output).toBe(`${hostOf(site.larder.url)}/charts/web:1.2.3_build.1\nq.io/web:1\n`);
    const range = await site.write(
      "range.json",
      helmChart({ chart, version: "1.x", valuesContent: "image: q.io/given:3" }),
    );
    expect((await site.run("images", "--fetch", range)).output).toContain("q.io/given:3\n");
    const json = JSON.parse((await site.run("images", "--fetch", "--json", range)).output) as {
      file: string;
      image: string;
    }[];
    expect(json).toContainEqual(
      expect.objectContaining({ image: "q.io/given:3", file: range, line: 1, source: "helm" }),
    );
  });

  test("come through larder from the registry that it stands in for, and are kept there", async () => {
    const upstream = hostOf(site.upstream.url);
    await helm("push", await pack("deep", "2.0.0", "q.io/deep:1"), `oci://${upstream}/charts`, "--plain-http");
    const file = await site.write("quay.json", helmChart({ chart: "oci://quay.io/charts/deep", version: "2.0.0" }));
    expect((await site.run("images", "--fetch", file)).output).toBe("q.io/deep:1\nquay.io/charts/deep:2.0.0\n");
    expect((await site.run("ls")).output).toContain("quay.io/charts/deep:2.0.0");
  });

  test("come straight from the registry when there is no larder", async () => {
    const upstream = hostOf(site.upstream.url);
    await helm("push", await pack("alone", "1.0.0", "q.io/alone:1"), `oci://${upstream}/charts`, "--plain-http");
    const file = await site.write(
      "alone.json",
      helmChart({ chart: `oci://${upstream}/charts/alone`, version: "1.0.0" }),
    );
    const { output } = await runLarder("127.0.0.1:1", ["images", "--fetch", file]);
    expect(output).toContain("q.io/alone:1\n");
  });

  test("come from repositories over HTTP: ranges, relative addresses, credentials of Helm's", async () => {
    const files = await Promise.all(
      ["1.0.0", "1.9.0", "1.10.0", "2.0.0-rc.1"].map((version) => pack("app", version, `q.io/app:${version}`)),
    );
    const repo = await serveRepository("open", files);
    const imagesOf = async (fields: Record<string, string>) => {
      const file = await site.write("http.json", helmChart({ chart: "app", ...fields }));
      const environment = { HELM_REPOSITORY_CONFIG: join(site.folder, "repositories.yaml") };
      return runLarder(hostOf(site.larder.url), ["images", "--fetch", file], environment);
    };
    expect((await imagesOf({ repo })).output).toBe("q.io/app:1.10.0\n");
    expect((await imagesOf({ repo, version: "~1.9" })).output).toBe("q.io/app:1.9.0\n");
    expect((await imagesOf({ repo, version: "2.0.0-rc.1" })).output).toBe("q.io/app:2.0.0-rc.1\n");
    expect((await imagesOf({ repo, version: "3.x" })).errors).toContain('has no version of app in "3.x"');
    const hidden = await serveRepository("private", files);
    expect((await imagesOf({ repo: hidden })).errors).toContain("answers 401");
    const known = { repositories: [{ name: "p", url: hidden, username: "me", password: "secret" }] };
    await site.write("repositories.yaml", JSON.stringify(known));
    const allowed = await imagesOf({ repo: hidden });
    expect(allowed.output).toBe("q.io/app:1.10.0\n");
    expect(allowed.errors).not.toContain("secret");
  });

  test("that are not what their index says, or do not end, are refused", async () => {
    const file = await pack("bad", "1.0.0", "q.io/bad:1");
    const wrong = await serveRepository("wrong", [file], (index) =>
      index.replace(/"digest":"[0-9a-f]+"/, `"digest":"${"0".repeat(64)}"`),
    );
    const manifest = await site.write("bad.json", helmChart({ chart: "bad", repo: wrong }));
    const refused = await site.run("images", "--fetch", "--strict", manifest);
    expect(refused).toMatchObject({ status: 3, output: "" });
    expect(refused.errors).toContain("does not have the digest");
    pages.set("/loop/index.yaml", "entries: [");
    const broken = await site.write("broken.json", helmChart({ chart: "bad", repo: `${web.url}/loop` }));
    expect((await site.run("images", "--fetch", broken)).errors).toContain("the repository's index is not valid YAML");
  });

  test("are brought with their images by preload", async () => {
    const image = `${hostOf(site.upstream.url).replace("127.0.0.1", "localhost")}/team/app:1`;
    await publish(site.upstream.url, "team/app", "1");
    await helm("push", await pack("both", "1.0.0", image), `oci://${hostOf(site.upstream.url)}/charts`, "--plain-http");
    const file = await site.write("both.json", helmChart({ chart: "oci://quay.io/charts/both", version: "1.0.0" }));
    const { status, output } = await site.run("preload", "--fetch", "--strict", file);
    expect(output).toMatch(/quay\.io\/charts\/both:1\.0\.0 +(?:brought|already there)/);
    expect(output).toMatch(/team\/app:1 +brought/);
    expect(status).toBe(0);
    expect((await site.run("missing", "--fetch", file)).status).toBe(0);
  });
});
