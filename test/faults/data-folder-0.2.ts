/**
 * Makes `data-folder-0.2.tar.zst`, what larder 0.2 left of some pushes, pulls and settings, by a checkout of that version:
 *
 *     bun test/faults/data-folder-0.2.ts CHECKOUT
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  contentOf,
  describeManifest,
  descriptorOf,
  makeArtifact,
  makeIndex,
  makeManifest,
  TYPE,
} from "../conformance/content-factory.ts";
import { pushImage, pushManifest, send, startUpload } from "../conformance/registry-client.ts";

/** The fixture. */
export const FOLDER_0_2 = join(import.meta.dir, "data-folder-0.2.tar.zst");

/** An image of one layer, the same each time. */
export function imageOf(text: string) {
  const [config, layer] = [
    contentOf(`{"architecture":"amd64","os":"linux","of":"${text}"}`),
    contentOf(`a layer of ${text}`),
  ];
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: [descriptorOf(layer, TYPE.layer)],
  });
  return { manifest, blobs: [config, layer] };
}

/** What is in it. */
export const [ONE, TWO, LEFT] = [imageOf("one"), imageOf("two"), imageOf("left behind")];
export const INDEX = makeIndex([describeManifest(ONE.manifest), describeManifest(TWO.manifest)]);

async function make(checkout: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "larder-0.2-"));
  const environment = { PATH: process.env["PATH"] ?? "", HOME: folder, RUNTIME_DIRECTORY: `${folder}-run` };
  const program = join(checkout, "larder");
  const serve = [program, "serve", "--http", "127.0.0.1:0", "--data", folder, "--open", "--offline"];
  const child = Bun.spawn(serve, { env: environment, stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  let said = "";
  while (!/http:\/\/\S+/.test(said)) said += new TextDecoder().decode((await reader.read()).value);
  const url = /http:\/\/[^\s/]+/.exec(said)?.[0] ?? "";
  const command = (...argv: readonly string[]) => {
    const run = Bun.spawnSync([program, ...argv, "--registry", url.slice(7)], {
      env: environment,
      stdin: Buffer.from("secret-words\n"),
    });
    if (run.exitCode !== 0) throw new Error(`${argv.join(" ")}: ${run.stderr.toString()}`);
  };
  await pushImage(url, "team/app", LEFT, "v1");
  for (const image of [ONE, TWO]) await pushImage(url, "team/app", image);
  await pushManifest(url, "team/app", INDEX, "v1");
  const signature = makeArtifact("application/x-signature", { subject: describeManifest(INDEX) });
  await pushImage(url, "team/app", signature);
  await pushImage(url, "quay.io/org/own", ONE, "1.0");
  await startUpload(url, "team/app");
  await send("GET", `${url}/v2/team/app/manifests/v1`, { headers: { Accept: TYPE.index } });
  command("pin", "team/app:v1");
  command("offline", "on");
  command("user", "add", "ann", "--password-stdin");
  command("token", "create", "--name", "ci", "--allow", "pull:**");
  child.kill("SIGTERM");
  await child.exited;
  const files = ["blobs", "uploads", "snapshots", "larder.db", "store.json"];
  const tar = Bun.spawnSync(["tar", "--sort=name", "--owner=0", "--group=0", "-C", folder, "-c", ...files]);
  await Bun.write(FOLDER_0_2, Bun.zstdCompressSync(tar.stdout, { level: 19 }));
  await rm(folder, { recursive: true });
}

if (import.meta.main) await make(process.argv[2] ?? ".");
