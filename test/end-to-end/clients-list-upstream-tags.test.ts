/** Today's clients list the tags of a stand-in's repository: what the upstream has, though nobody has pulled it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { HOST, PullThrough } from "../faults/pull-through.ts";
import { findGoProgram, type GoProgramName } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { outputOf } from "./run-command.ts";

const TIMEOUT_MS = 60_000;
/** More than clients ask for at once. */
const TAGS = Array.from({ length: 2500 }, (_, index) => `1.${index}.0`);

function program(name: GoProgramName): string {
  return findGoProgram(name) ?? name;
}

/** What is needed for each, and how it lists the tags of a repository at a host. */
const CLIENTS = [
  ["skopeo", (host: string, path: string) => ["skopeo", "list-tags", "--tls-verify=false", `docker://${host}/${path}`]],
  ["go:crane", (host: string, path: string) => [program("crane"), "ls", "--insecure", `${host}/${path}`]],
  [
    "go:regctl",
    (host: string, path: string) => [
      program("regctl"),
      "--host",
      `reg=${host},tls=disabled`,
      "tag",
      "ls",
      `${host}/${path}`,
    ],
  ],
  ["go:oras", (host: string, path: string) => [program("oras"), "repo", "tags", "--plain-http", `${host}/${path}`]],
] as const;

describe.each(CLIENTS)("%s", (need, argv) => {
  const lab = requirement(need);
  let through: PullThrough;
  let home: string;
  beforeAll(async () => {
    if (!lab.met) return;
    home = await mkdtemp(join(tmpdir(), "larder-home-"));
    through = await PullThrough.start();
    through.upstream.tagList = TAGS;
  });
  afterAll(async () => {
    if (!lab.met) return;
    await through.stop();
    await rm(home, { recursive: true, force: true });
  });

  test.skipIf(!lab.met)(
    "lists all tags of the upstream",
    async () => {
      const { host } = new URL(through.larder.url);
      const printed = await outputOf([...argv(host, `${HOST}/team/app`)], { environment: { HOME: home } });
      const tags = printed.trimStart().startsWith("{")
        ? (JSON.parse(printed) as { Tags: string[] }).Tags
        : printed.trim().split("\n");
      expect(tags.toSorted()).toEqual(TAGS.toSorted());
    },
    TIMEOUT_MS,
  );
});

const helm = requirement("go:helm");

describe.skipIf(!helm.met)("helm", () => {
  let upstream: LarderProcess;
  let larder: LarderProcess;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-helm-"));
    upstream = await startLarder();
    larder = await startLarder({ arguments: ["--upstream", `${HOST}=${upstream.url}`] });
  });
  afterAll(async () => {
    await Promise.all([larder.stop(), upstream.stop()]);
    await rm(folder, { recursive: true, force: true });
  });
  const run = (...argv: string[]) => outputOf([program("helm"), ...argv], { environment: { HOME: folder } });

  test(
    "finds the newest chart of a range that nobody has pulled",
    async () => {
      const chart = join(folder, "app");
      await mkdir(join(chart, "templates"), { recursive: true });
      for (const version of ["1.0.0", "1.2.0", "2.0.0"]) {
        await writeFile(join(chart, "Chart.yaml"), `apiVersion: v2\nname: app\nversion: ${version}\n`);
        await run("package", chart, "--destination", folder);
        const archive = join(folder, `app-${version}.tgz`);
        await run("push", "--plain-http", archive, `oci://${new URL(upstream.url).host}/charts`);
      }
      const pulled = join(folder, "pulled");
      await mkdir(pulled);
      const name = `oci://${new URL(larder.url).host}/${HOST}/charts/app`;
      await run("pull", "--plain-http", "--version", "^1.0.0", "--destination", pulled, name);
      expect(await readdir(pulled)).toEqual(["app-1.2.0.tgz"]);
    },
    TIMEOUT_MS,
  );
});
