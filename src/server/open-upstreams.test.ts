import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../lib/async/clock.ts";
import type { Namespace } from "../oci/repository-name.ts";
import { Upstreams } from "../registry/pull/upstreams.ts";
import type { Log } from "../telemetry/log.ts";
import { hasOpenssl, makeCertificate } from "../upstream/transport/certificate.fixture.ts";
import { UpstreamOpener } from "./open-upstreams.ts";
import { type Settings, settingsFrom, unsaidUpstream, type UpstreamSettings } from "./settings/settings.ts";

const [HUB, QUAY] = ["docker.io", "quay.io"] as Namespace[] as [Namespace, Namespace];
const settings = (more: Partial<Settings> = {}) => ({ ...settingsFrom(new Map()), standIns: [HUB, QUAY], ...more });
const upstream = (namespace: Namespace, more: Partial<UpstreamSettings>): UpstreamSettings => ({
  ...unsaidUpstream(namespace),
  ...more,
});

let folder: string;
let upstreams: Upstreams;
let warnings: string[];
let opener: UpstreamOpener;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-upstreams-"));
  upstreams = new Upstreams([], false);
  warnings = [];
  const log: Log = { write: (level, message) => void (level === "warning" && warnings.push(message)) };
  const environment = { variables: {}, instanceId: "me", log, clock: systemClock, upstreams, foreign: () => null };
  opener = new UpstreamOpener({ ...environment, observerOf: () => () => {} });
});
afterEach(() => rm(folder, { recursive: true }));
const open = async (more?: Partial<Settings>) => (await opener.prepare(settings(more)))();
const clientOf = (namespace: Namespace) => upstreams.find(namespace)?.client;

describe("when settings are read again", () => {
  test("a registry of which nothing has changed keeps its client", async () => {
    expect(await open()).toEqual([HUB, QUAY]);
    const [hub, quay] = [clientOf(HUB), clientOf(QUAY)];
    expect(await open({ upstreams: [upstream(QUAY, { endpoint: "http://127.0.0.1:1" })] })).toEqual([QUAY]);
    expect(clientOf(HUB)).toBe(hub);
    expect(clientOf(QUAY)).not.toBe(quay);
  });

  test("one that is gone is not fetched from, and one that came is", async () => {
    await open();
    const other = "registry.example" as Namespace;
    expect(await open({ standIns: [HUB, other] })).toEqual([other]);
    expect([upstreams.knows(QUAY), upstreams.knows(other)]).toEqual([false, true]);
  });

  test("a lifetime of tags is another one with the same client", async () => {
    await open({ tagLifetimeMs: 1 });
    const hub = clientOf(HUB);
    expect(await open({ tagLifetimeMs: 2, upstreams: [upstream(QUAY, { tagLifetimeMs: 3 })] })).toEqual([]);
    expect(clientOf(HUB)).toBe(hub);
    expect([HUB, QUAY].map((namespace) => upstreams.find(namespace)?.tagLifetimeMs)).toEqual([2, 3]);
  });

  test("a password that has changed in its file is taken", async () => {
    const passwordFile = join(folder, "password");
    const given = { upstreams: [upstream(QUAY, { username: "u", passwordFile })] };
    await writeFile(passwordFile, "one\n");
    await open(given);
    expect(await open(given)).toEqual([]);
    await writeFile(passwordFile, "two\n");
    expect(await open(given)).toEqual([QUAY]);
  });

  test("other resolvers and other credentials are for all", async () => {
    await open();
    expect(await open({ resolvers: ["127.0.0.1"] })).toEqual([HUB, QUAY]);
    expect(await open({ resolvers: ["127.0.0.1"], credentials: "/c" })).toEqual([HUB, QUAY]);
  });

  test("a file that cannot be read changes nothing", async () => {
    await open();
    const [hub, quay] = [clientOf(HUB), clientOf(QUAY)];
    const given = { standIns: [HUB], upstreams: [upstream(QUAY, { caFile: join(folder, "none") })] };
    await expect(open(given)).rejects.toThrow("upstreams.quay.io.ca: cannot read");
    expect([clientOf(HUB), clientOf(QUAY)]).toEqual([hub, quay]);
  });
});

test("passwords that clients would send in the clear are told of at every start", async () => {
  const guarded = { upstreams: [upstream(QUAY, { access: "upstream" })] };
  await open({ ...guarded, http: [{ host: "127.0.0.1", port: 5000 }] });
  await open({ ...guarded, http: [{ host: "::1", port: 5000 }] });
  await open({ http: [{ host: null, port: 5000 }] });
  expect(warnings).toEqual([]);
  for (const host of [null, "10.0.0.5"]) await open({ ...guarded, http: [{ host, port: 5000 }] });
  expect(warnings.map((one) => one.includes("over plain HTTP"))).toEqual([true, true]);
});

describe("what is said of TLS", () => {
  test("that a registry is not verified is said at every start and reload, until it is", async () => {
    for (let time = 1; time <= 2; time += 1) {
      await open({ upstreams: [upstream(QUAY, { skipVerify: true })] });
      expect(warnings).toHaveLength(time);
      expect(warnings.at(-1)).toContain("the certificate of quay.io is NOT VERIFIED (upstreams.quay.io.skipVerify)");
    }
    await open({ upstreams: [upstream(QUAY, {})] });
    expect(warnings).toHaveLength(2);
    expect([HUB, QUAY].map((namespace) => upstreams.find(namespace)?.isUnverified)).toEqual([false, false]);
  });

  test.skipIf(!hasOpenssl)("a client certificate is read; one that is no good is refused with its file", async () => {
    const [one, other] = await Promise.all([makeCertificate("DNS:one"), makeCertificate("DNS:other")]);
    const [cert, key, wrong] = ["c.pem", "c.key", "wrong.key"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await Promise.all([writeFile(cert, one.cert), writeFile(key, one.key), writeFile(wrong, other.key)]);
    const given = (clientKeyFile: string) => ({
      upstreams: [upstream(QUAY, { clientCertFile: cert, clientKeyFile })],
    });
    await open(given(key));
    expect(upstreams.find(QUAY)?.clientCertificate?.source).toBe(cert);
    await expect(open(given(wrong))).rejects.toThrow(
      `upstreams.quay.io.clientCert: the key in ${wrong} is not that of the certificate in ${cert}`,
    );
    await expect(open(given(join(folder, "none")))).rejects.toThrow("upstreams.quay.io.clientKey: cannot read");
  });
});
