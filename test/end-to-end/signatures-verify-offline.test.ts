/** An image that cosign signed at its registry is verified through larder, with no internet. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { hostOf, publishMulti, TestSite } from "../command-line/test-site.ts";
import { findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { runCommand } from "./run-command.ts";

const lab = requirement("docker-registry", "go:cosign");

describe.skipIf(!lab.met)(`cosign, offline (${lab.reason})`, () => {
  let site: TestSite;
  beforeAll(async () => {
    site = await TestSite.open();
  });
  afterAll(() => site.close());

  const cosign = (...argv: string[]) =>
    runCommand([findGoProgram("cosign") ?? "cosign", ...argv], {
      environment: { HOME: site.folder, COSIGN_PASSWORD: "secret", PATH: process.env["PATH"] ?? "" },
      timeoutMs: 60_000,
    });

  test("verifies the signatures of an index and of its platforms, and an attestation", async () => {
    const { index, images } = await publishMulti(site.upstream.url, "team/app", "1", ["linux/amd64", "linux/arm64"]);
    expect(await cosign("generate-key-pair", "--output-key-prefix", join(site.folder, "cosign"))).toMatchObject({
      status: 0,
    });
    const at = (host: string, digest: string) => `${host}/team/app@${digest}`;
    const digests = [index.digest, ...Object.values(images).map(({ manifest }) => manifest.digest)];
    const keys = {
      sign: ["--key", join(site.folder, "cosign.key")],
      verify: ["--key", join(site.folder, "cosign.pub")],
    };
    const insecure = ["--allow-insecure-registry", "--allow-http-registry"];
    const noLog = "--tlog-upload=false";
    const sign = ["sign", "--yes", "--recursive", noLog, ...keys.sign, ...insecure];
    expect(await cosign(...sign, at(hostOf(site.upstream.url), index.digest))).toMatchObject({ status: 0 });
    await Bun.write(join(site.folder, "predicate.json"), `{"built":"by us"}`);
    const attest = ["attest", "--yes", noLog, ...keys.sign, ...insecure, "--type", "custom"];
    const predicate = ["--predicate", join(site.folder, "predicate.json"), at(hostOf(site.upstream.url), index.digest)];
    expect(await cosign(...attest, ...predicate)).toMatchObject({ status: 0 });

    expect(await site.run("cache", "--all-platforms", "quay.io/team/app:1")).toMatchObject({ status: 0 });
    await site.run("offline", "on");
    const offline = ["--insecure-ignore-tlog=true", ...keys.verify, ...insecure];
    for (const digest of digests) {
      const verified = await cosign("verify", ...offline, at(`${hostOf(site.larder.url)}/quay.io`, digest));
      expect(verified).toMatchObject({ status: 0, output: expect.stringContaining(digest) });
    }
    const attested = await cosign(
      "verify-attestation",
      "--type",
      "custom",
      ...offline,
      at(`${hostOf(site.larder.url)}/quay.io`, index.digest),
    );
    expect(attested).toMatchObject({ status: 0 });
  }, 120_000);

  test("refuses what another key signed", async () => {
    const { index } = await publishMulti(site.upstream.url, "team/other", "1", ["linux/amd64", "linux/arm64"]);
    await site.run("offline", "off");
    await site.run("cache", "quay.io/team/other:1");
    await site.run("offline", "on");
    const image = `${hostOf(site.larder.url)}/quay.io/team/other@${index.digest}`;
    const argv = [
      "--insecure-ignore-tlog=true",
      "--key",
      join(site.folder, "cosign.pub"),
      "--allow-insecure-registry",
      image,
    ];
    const refused = await cosign("verify", ...argv);
    expect(refused.status).not.toBe(0);
    expect(refused.errors).toContain("no signatures found");
  }, 60_000);
});
