/** `--json` of every verb: what it prints is what its schema, and with that the manual, says. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { RESULTS } from "../../src/cli/json/results.ts";
import { contentOf, descriptorOf, type Image, makeManifest, TYPE } from "../conformance/content-factory.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { LARDER } from "./run-larder.ts";
import { hostOf, publishMulti, smallImage, TestSite } from "./test-site.ts";

let site: TestSite;
let settings: string;
/** Whoever is notified likes nothing. */
const endpoint = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(null, { status: 400 }) });
beforeAll(async () => {
  settings = await mkdtemp(join(tmpdir(), "larder-json-"));
  const url = `http://127.0.0.1:${endpoint.port}/`;
  await Bun.write(join(settings, "l.yaml"), `notifications: { endpoints: [{ name: ci, url: '${url}' }] }\n`);
  site = await TestSite.open(["--https", "127.0.0.1:0", "--config", join(settings, "l.yaml")]);
  await publishMulti(site.upstream.url, "library/app", "1", ["linux/amd64", "linux/arm64"]);
  await pushImage(site.larder.url, "mine", smallImage(), "1");
  await pushImage(site.larder.url, "without-a-tag", smallImage());
  await pushImage(site.larder.url, "tarred", await tarredImage(), "1");
  await site.write(
    "pod.yaml",
    "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: a, image: 'app:1' }, { name: b, image: 'gone:1', args: ['--image=quay.io/no/such:1'] }] }\n",
  );
  await site.write("larder.yaml", "http: [':80']\nunknown: 1\n");
});
afterAll(async () => {
  await site.close();
  await endpoint.stop(true);
  await rm(settings, { recursive: true });
});

/** An image whose layer is a tar, which an ACI can be made of. */
async function tarredImage(): Promise<Image> {
  const tar = Bun.spawn(["tar", "-c", "-C", import.meta.dir, "json.test.ts"], { stdout: "pipe" });
  const layer = contentOf(await tar.stdout.bytes());
  const config = contentOf(
    JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [layer.digest] } }),
  );
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: [descriptorOf(layer, "application/vnd.oci.image.layer.v1.tar")],
  });
  return { manifest, blobs: [config, layer] };
}

/** What is called for each result; `DIR` is a folder of the test's own. In this order. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  cache: ["cache", "app:1", "absent:1"],
  ls: ["ls"],
  inspect: ["inspect", "app:1"],
  has: ["has", "app:1", "absent:1"],
  images: ["images", "DIR/pod.yaml"],
  missing: ["missing", "DIR/pod.yaml"],
  preload: ["preload", "--keep-going", "DIR/pod.yaml"],
  "mirror kubernetes": [
    "mirror",
    "kubernetes",
    "1.31",
    "--runtime",
    "none",
    "--keep-going",
    "--image-repository",
    "quay.io/none",
  ],
  "mirror kubernetes --print": ["mirror", "kubernetes", "1.31", "--print", "--runtime", "none"],
  // What is copied next is pulled.
  "record start": ["record", "start", "prod"],
  copy: ["copy", "docker://REG/mine:1", "oci:DIR/layout:1", "--src-plain-http"],
  upload: ["upload", "oci:DIR/layout:1", "--as", "other:1"],
  "aci convert": ["aci", "convert", "tarred:1", "--name", "example.com/mine", "--out", "DIR/acis"],
  docker2aci: ["docker2aci", "docker://tarred:1"],
  "aci ls": ["aci", "ls", "DIR/acis"],
  "aci sign": ["aci", "sign", "DIR/pod.yaml"],
  "aci key": ["aci", "key"],
  "ls --untagged": ["ls", "--untagged"],
  "verify-signature": ["verify-signature", "mine:1"],
  rm: ["rm", "mine:1", "absent:1"],
  client: ["client"],
  "client TARGET": ["client", "containerd"],
  "client TARGET --out FOLDER": ["client", "containerd", "--out", "DIR/node"],
  doctor: ["doctor"],
  ca: ["ca"],
  config: ["config", "--http", ":80", "--stand-in", "quay.io"],
  "config check": ["config", "check", "DIR/larder.yaml"],
  stats: ["stats"],
  offline: ["offline"],
  du: ["du"],
  "du IMAGE": ["du", "app"],
  "du --next": ["du", "--next", "1GB"],
  pin: ["pin", "app:1", "team/**"],
  "pin ls": ["pin", "ls"],
  unpin: ["unpin", "app:1", "absent:1"],
  "record ls": ["record", "ls"],
  "record stop": ["record", "stop", "prod"],
  "record show": ["record", "show", "prod"],
  "record rm": ["record", "rm", "prod"],
  "rules test": ["rules", "test", "anonymous", "pull", "team/app"],
  gc: ["gc"],
  retention: ["retention"],
  verify: ["verify"],
  backup: ["backup", "DIR/backup"],
  restore: ["restore", "DIR/backup", "--data", "DIR/restored"],
  "import-registry": ["import-registry", "DIR/registry"],
  "export-registry": ["export-registry", "DIR/exported"],
  "user add": ["user", "add", "ann", "--password-stdin"],
  "user passwd": ["user", "passwd", "ann", "--password-stdin"],
  "user ls": ["user", "ls"],
  "token create": ["token", "create", "--name", "ci", "--allow", "pull:**"],
  "token ls": ["token", "ls"],
  "session ls": ["session", "ls"],
  "session end": ["session", "end", "S0"],
  audit: ["audit"],
  nodes: ["nodes"],
  "notifications ls": ["notifications", "ls"],
  "notifications failed": ["notifications", "failed"],
  "notifications retry": ["notifications", "retry"],
  "notifications drop": ["notifications", "drop", "ci"],
  "token rm": ["token", "rm", "ci"],
  "user rm": ["user", "rm", "ann", "nobody"],
  login: ["login", "-u", "me", "-p", "x", "--no-check", "--file", "DIR/config.json", "reg.example"],
  logout: ["logout", "--file", "DIR/config.json", "reg.example"],
  rebuild: ["rebuild", "--dry-run", "--data", "DIR/data"],
  version: ["version"],
};

test("every result of the manual is tried", () => {
  expect(new Set(Object.keys(CALLS))).toEqual(new Set(Object.keys(RESULTS)));
});

test.each(Object.keys(CALLS))("larder %s", async (verb) => {
  if (verb === "import-registry") await Bun.write(join(site.folder, "registry/docker/registry/v2/repositories/x"), "");
  if (verb === "session ls") await signIn("ann", "secret");
  if (verb === "rebuild") await makeStore(join(site.folder, "data"));
  const argv =
    CALLS[verb]?.map((word) => word.replace("DIR", site.folder).replace("REG", hostOf(site.larder.url))) ?? [];
  const { output, errors } = await runCommand([LARDER, ...argv, "--json"], {
    ...(argv.includes("--password-stdin") ? { input: "secret\n" } : {}),
    environment: {
      HOME: site.folder,
      LOCAL_REGISTRY: hostOf(site.larder.url),
      RUNTIME_DIRECTORY: site.larder.runtimeFolder,
    },
    // Some verbs write where they are called.
    folder: site.folder,
  });
  const schema = RESULTS[verb];
  if (schema === undefined || output === "") throw new Error(`nothing was printed: ${errors}`);
  const told = JSON.parse(output) as unknown;
  const { success, issues, output: meant } = v.safeParse(schema, told);
  expect(success, JSON.stringify(issues?.[0])).toBe(true);
  // What the schema does not know is left out of what it lets through.
  expect(meant).toEqual(told);
  if (Array.isArray(told)) expect(told.length).toBeGreaterThan(0);
});

/** As a browser does that is at larder's page. */
async function signIn(name: string, password: string): Promise<void> {
  const headers = { "Content-Type": "application/json", Origin: site.larder.url };
  const body = JSON.stringify({ name, password });
  expect((await send("POST", `${site.larder.url}/api/v1/session`, { headers, body })).status).toBe(200);
}

/** A data folder that no larder runs on. */
async function makeStore(folder: string): Promise<void> {
  const script = `"$1" serve --offline --http 127.0.0.1:0 --data "$2" >"$2.log" 2>&1 & until grep -q 'Try next' "$2.log"; do sleep 0.05; done; kill $!; wait $!`;
  await runCommand(["sh", "-c", script, "sh", LARDER, folder], {
    environment: { HOME: site.folder, RUNTIME_DIRECTORY: join(site.folder, "run") },
  });
}

test("what fails as a whole prints no half of a document, and says why on standard error", async () => {
  for (const argv of [["ls"], ["has", "a:1"], ["gc"], ["cache", "a:1"]]) {
    const { status, output, errors } = await runCommand([LARDER, ...argv, "--json", "--registry", "127.0.0.1:9"], {});
    expect({ status, output }).toEqual({ status: 1, output: "" });
    expect(errors).toStartWith("larder: ");
  }
});

test("progress never gets between the results", async () => {
  const { output } = await site.run("cache", "--json", "--platform", "linux/arm64", "app:1");
  expect(output).toStartWith("[\n");
  expect(output).toEndWith("\n]\n");
});
