/** Images that cosign and notation really signed, at their registry and at larder, pulled by skopeo and crane. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostOf, publish, publishMulti, TestSite } from "../command-line/test-site.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { runCommand } from "./run-command.ts";

const lab = requirement("docker-registry", "skopeo", "go:cosign", "go:notation", "go:crane");

describe.skipIf(!lab.met)(`required signatures (${lab.reason})`, () => {
  let site: TestSite;
  let folder: string;
  const run = (program: string, ...argv: string[]) =>
    runCommand([program, ...argv], {
      environment: {
        HOME: folder,
        COSIGN_PASSWORD: "secret",
        PATH: process.env["PATH"] ?? "",
        XDG_CONFIG_HOME: folder,
      },
      timeoutMs: 60_000,
    });
  const cosign = (...argv: string[]) => run(findGoProgram("cosign") ?? "cosign", ...argv);
  const notation = (...argv: string[]) => run(findGoProgram("notation") ?? "notation", ...argv);
  const sign = (image: string, ...more: string[]) =>
    cosign(
      "sign",
      "--yes",
      "--tlog-upload=false",
      "--key",
      join(folder, "cosign.key"),
      "--allow-insecure-registry",
      "--allow-http-registry",
      ...more,
      image,
    );
  const atUpstream = (path: string) => `${hostOf(site.upstream.url)}/${path}`;
  const atLarder = (path: string) => `${hostOf(site.larder.url)}/${path}`;
  const pull = (image: string) =>
    run("skopeo", "copy", "--src-tls-verify=false", `docker://${image}`, `dir:${join(folder, "pulled")}`);
  const crane = (...argv: string[]) => run(findGoProgram("crane") ?? "crane", ...argv, "--insecure");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-signed-"));
    expect(await cosign("generate-key-pair", "--output-key-prefix", join(folder, "cosign"))).toMatchObject({
      status: 0,
    });
    expect(await notation("cert", "generate-test", "--default", "larder.test")).toMatchObject({ status: 0 });
    const store = join(folder, "notation", "truststore", "x509", "ca", "larder.test", "larder.test.crt");
    const key = `cosignKey: ${join(folder, "cosign.pub")}`;
    const rules = [
      "require:",
      `  - { pattern: 'quay.io/**', ${key}, notation: { trustStore: ${store}, identities: ['x509.subject: CN=larder.test'] } }`,
      `  - { pattern: 'local/**', ${key} }`,
    ];
    await Bun.write(join(folder, "larder.yaml"), `${rules.join("\n")}\n`);
    site = await TestSite.open(["--config", join(folder, "larder.yaml")]);
  }, 120_000);
  afterAll(async () => {
    await site.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("an index that cosign signed is pulled, by its parts as well, and offline", async () => {
    const { index } = await publishMulti(site.upstream.url, "team/index", "1", ["linux/amd64", "linux/arm64"]);
    const image = atLarder("quay.io/team/index:1");
    expect(await pull(image)).toMatchObject({ status: 1, errors: expect.stringContaining("must be signed") });
    expect(await sign(atUpstream(`team/index@${index.digest}`))).toMatchObject({ status: 0 });
    // That there was none is remembered for some seconds.
    await until("it is served", async () => (await pull(image)).status === 0, 60_000);
    expect(await site.run("cache", "--all-platforms", "quay.io/team/index:1")).toMatchObject({ status: 0 });
    await site.run("offline", "on");
    expect(await crane("pull", image, join(folder, "pulled.tar"), "--platform", "linux/arm64")).toMatchObject({
      status: 0,
    });
    expect(await site.run("verify-signature", "quay.io/team/index:1")).toMatchObject({ status: 0 });
    await site.run("offline", "off");
  }, 120_000);

  test.each([["jws"], ["cose"]])(
    "an image that notation signed in %s is pulled",
    async (format) => {
      const { manifest } = await publish(site.upstream.url, `team/${format}`, "1");
      const image = atUpstream(`team/${format}@${manifest.digest}`);
      expect(await notation("sign", "--insecure-registry", "--signature-format", format, image)).toMatchObject({
        status: 0,
      });
      expect(await pull(atLarder(`quay.io/team/${format}:1`))).toMatchObject({ status: 0 });
      expect(await site.run("verify-signature", `quay.io/team/${format}:1`)).toMatchObject({ status: 0 });
    },
    60_000,
  );

  test.each([
    ["by its tag", []],
    ["in a bundle", ["--new-bundle-format"]],
  ])(
    "an image is pushed to larder, refused, signed there %s, and pulled",
    async (_, more) => {
      const name = `mine/app${more.length}`;
      const { manifest } = await publish(site.larder.url, name, "1");
      const refused = "must be signed, and it has no signature by the key cosign.pub";
      expect(await pull(atLarder(`${name}:1`))).toMatchObject({ status: 1, errors: expect.stringContaining(refused) });
      const cranes = await crane("pull", atLarder(`${name}:1`), join(folder, "pulled.tar"));
      expect(cranes).toMatchObject({ status: 1, errors: expect.stringContaining(refused) });
      expect(await sign(atLarder(`${name}@${manifest.digest}`), ...more)).toMatchObject({ status: 0 });
      expect(await pull(atLarder(`${name}:1`))).toMatchObject({ status: 0 });
    },
    60_000,
  );

  test("an image from upstream that nobody signed there is signed at larder, and pulled", async () => {
    const { manifest } = await publish(site.upstream.url, "team/vendor", "1");
    expect(await pull(atLarder("quay.io/team/vendor:1"))).toMatchObject({ status: 1 });
    expect(await sign(atLarder(`quay.io/team/vendor@${manifest.digest}`))).toMatchObject({ status: 0 });
    expect(await pull(atLarder("quay.io/team/vendor:1"))).toMatchObject({ status: 0 });
  }, 60_000);
});
