/**
 * Today's clients copy an image from one name of a larder to another: they ask for each manifest and blob, and leave out
 * what larder says is there, though it is only there under the other name, or at the upstream. The copy has to hold on its
 * own all the same.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DescriptorJson, describeManifest, makeArtifact, makeIndex } from "../conformance/content-factory.ts";
import { manifestUrl, pushImage, pushManifest, send } from "../conformance/registry-client.ts";
import { hostOf, TestSite } from "../command-line/test-site.ts";
import { findGoProgram, type GoProgramName } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import { outputOf, runCommand } from "./run-command.ts";

const TIMEOUT_MS = 120_000;
const PLATFORMS = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));

const lab = requirement("docker-registry", "skopeo", ...IMAGE_NEEDS);
/** The program's path; a suite asks for it only when it is there. */
const built = (name: GoProgramName) => findGoProgram(name) ?? name;

/** Copies from one name to another of the registry at `host`; `folder` is for the client's settings. */
type Copy = (host: string, from: string, to: string, folder: string) => Promise<string>;
const CLIENTS: readonly (readonly [string, string, Copy])[] = [
  [
    "crane copy",
    "go:crane",
    (host, from, to) => outputOf([built("crane"), "copy", "--insecure", `${host}/${from}`, `${host}/${to}`]),
  ],
  [
    "oras cp --recursive",
    "go:oras",
    (host, from, to, folder) =>
      outputOf(
        [
          built("oras"),
          "cp",
          "--recursive",
          "--from-plain-http",
          "--to-plain-http",
          `${host}/${from}`,
          `${host}/${to}`,
        ],
        { environment: { HOME: folder } },
      ),
  ],
  [
    "regctl image copy",
    "go:regctl",
    async (host, from, to, folder) => {
      const environment = { HOME: folder };
      await outputOf([built("regctl"), "registry", "set", host, "--tls", "disabled"], { environment });
      return outputOf([built("regctl"), "image", "copy", `${host}/${from}`, `${host}/${to}`], { environment });
    },
  ],
  [
    "regsync once",
    "go:regsync",
    async (host, from, to, folder) => {
      const path = join(folder, "regsync.yaml");
      const sync = [{ source: `${host}/${from}`, target: `${host}/${to}`, type: "image" }];
      await Bun.write(path, JSON.stringify({ version: 1, creds: [{ registry: host, tls: "disabled" }], sync }));
      return outputOf([built("regsync"), "once", "--config", path], { environment: { HOME: folder } });
    },
  ],
  [
    "skopeo copy --all",
    "skopeo",
    (host, from, to) =>
      outputOf(
        ["skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"].concat(
          `docker://${host}/${from}`,
          `docker://${host}/${to}`,
        ),
      ),
  ],
];

describe.skipIf(!lab.met)("an image of two platforms with an attestation", () => {
  let folder: string;
  let image: BuiltImage;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-copies-"));
    image = await buildImage(folder, { name: "app", platforms: PLATFORMS, dataBytes: 200_000 });
  }, TIMEOUT_MS);
  afterAll(() => rm(folder, { recursive: true }));

  /** Publishes it as `team/app:1` at a registry and returns the index's digest. */
  async function publish(url: string): Promise<string> {
    const to = `docker://${hostOf(url)}/team/app`;
    await outputOf(["skopeo", "copy", "--all", "--dest-tls-verify=false", `oci:${image.layout}:image`, `${to}:plain`]);
    const { text } = await send("GET", manifestUrl(url, "team/app", "plain"), {
      headers: { Accept: "application/vnd.oci.image.index.v1+json" },
    });
    const { manifests } = JSON.parse(text) as { manifests: readonly DescriptorJson[] };
    const attestation = makeArtifact("application/vnd.in-toto+json");
    await pushImage(url, "team/app", attestation);
    const unknown = { platform: { os: "unknown", architecture: "unknown" } };
    const index = makeIndex([...manifests, describeManifest(attestation.manifest, unknown)]);
    await pushManifest(url, "team/app", index, "1");
    return index.digest;
  }

  describe.each(CLIENTS)("copied by %s", (_name, need, copy) => {
    const client = requirement(need);

    test.skipIf(!client.met)(
      "from docker.io to local, and on to quay.io, is whole when the others and the upstream are gone",
      async () => {
        const site = await TestSite.open();
        const host = hostOf(site.larder.url);
        try {
          const digest = await publish(site.upstream.url);
          await copy(host, "docker.io/team/app:1", "team/app:1", site.folder);
          await site.upstream.stop();
          await expectRemoved(site, "docker.io/team/app:1");
          await expectWhole(site, "local/team/app:1");
          await copy(host, "team/app:1", "quay.io/team/app:1", site.folder);
          await expectRemoved(site, "local/team/app:1");
          await expectWhole(site, "quay.io/team/app:1");
          const index = await send("HEAD", manifestUrl(site.larder.url, "quay.io/team/app", "1"));
          expect(index.headers.get("docker-content-digest")).toBe(digest);
        } finally {
          await site.close();
        }
      },
      TIMEOUT_MS,
    );
  });

  const crane = requirement("go:crane");
  test.skipIf(!crane.met)(
    "copied by crane from the upstream to larder's name of it is whole without the upstream",
    async () => {
      const site = await TestSite.open();
      try {
        await publish(site.upstream.url);
        const seeded = `${hostOf(site.larder.url)}/docker.io/team/app:1`;
        await outputOf([built("crane"), "copy", "--insecure", `${hostOf(site.upstream.url)}/team/app:1`, seeded]);
        await site.upstream.stop();
        await expectWhole(site, "docker.io/team/app:1");
      } finally {
        await site.close();
      }
    },
    TIMEOUT_MS,
  );

  const pullers = requirement("go:crane", "go:oras", "go:regctl", "podman", "root");
  test.skipIf(!pullers.met)(
    "copied by crane is pulled by crane, oras, regctl and podman, for both platforms",
    async () => {
      const site = await TestSite.open();
      const host = hostOf(site.larder.url);
      const copied = `${host}/team/app:1`;
      const environment = { HOME: site.folder };
      try {
        await publish(site.upstream.url);
        const crane = built("crane");
        await outputOf([crane, "copy", "--insecure", `${host}/docker.io/team/app:1`, copied]);
        await site.upstream.stop();
        await expectRemoved(site, "docker.io/team/app:1");
        const validated = await runCommand([crane, "validate", "--insecure", "--remote", copied]);
        expect(validated.status, validated.errors).toBe(0);
        await outputOf([built("regctl"), "registry", "set", host, "--tls", "disabled"], { environment });
        for (const architecture of ["amd64", "arm64"]) {
          const platform = `linux/${architecture}`;
          const layout = `${join(site.folder, architecture)}:1`;
          await outputOf(
            [built("oras"), "cp", "--platform", platform, "--from-plain-http", copied, "--to-oci-layout", layout],
            { environment },
          );
          const file = [built("regctl"), "image", "get-file", "--platform", platform, copied, "/srv/who"];
          expect(await outputOf(file, { environment })).toBe(`app for ${platform}\n`);
          const state = ["--root", join(site.folder, "podman"), "--runroot", join(site.folder, "run")];
          const pull = ["pull", "--quiet", "--tls-verify=false", "--platform", platform, copied];
          await outputOf(["podman", ...state, "--storage-driver", "vfs", ...pull], { timeoutMs: TIMEOUT_MS });
        }
      } finally {
        await site.close();
      }
    },
    TIMEOUT_MS,
  );
});

async function expectRemoved(site: TestSite, image: string): Promise<void> {
  const removed = await site.run("rm", image);
  expect(removed.status, removed.errors).toBe(0);
  const headers = { "Content-Type": "application/json" };
  const collected = await send("POST", `${site.larder.url}/api/v1/collections`, { headers, body: `{"graceMs":0}` });
  expect(collected.status).toBe(200);
}

async function expectWhole(site: TestSite, image: string): Promise<void> {
  const has = await site.run("has", "--all-platforms", image);
  expect(has.status, `${has.output}${has.errors}`).toBe(0);
}
