/** Every key of registry:2's, as YAML and as a variable: it acts, is said to be done anyway, or is refused by name. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { DISTRIBUTION_KEYS } from "./key-tree.ts";
import type { DistributionKey, ValueKind } from "./key.ts";
import { readDistribution } from "./read-distribution.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-keys-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Values that ask for something, where those of the kind do not do. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  version: "0.1",
  "storage.maintenance.uploadpurging.enabled": false,
  "log.level": "debug",
  loglevel: "error",
  "log.formatter": "json",
  "http.addr": "127.0.0.1:5001",
  "http.debug.addr": ":5001",
  "http.net": "unix",
  "http.prefix": "/registry/",
  "http.host": "https://registry.example",
  "http.tls.clientauth": "verify-client-cert-if-given",
  "http.tls.minimumtls": "tls1.3",
  "http.tls.ciphersuites": ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
  "http.tls.letsencrypt": { cachefile: "/cache", email: "a@b.example", hosts: ["registry.example"] },
  "proxy.remoteurl": "https://registry-1.docker.io",
  "validation.manifests.indexes.platforms": "none",
  "log.hooks": [{ type: "mail", levels: ["panic"], options: { smtp: { addr: "mail:25" } } }],
  "notifications.endpoints": [{ name: "a", url: "http://127.0.0.1:1/", timeout: "1s", threshold: 5, backoff: "1s" }],
};

/** What has to stand beside a key for it to mean anything. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  auth: { "auth.htpasswd.path": "/htpasswd" },
  "auth.htpasswd": { "auth.htpasswd.path": "/htpasswd" },
  "auth.htpasswd.realm": { "auth.htpasswd.path": "/htpasswd" },
  "http.tls.certificate": { "http.tls.key": "/k" },
  "http.tls.key": { "http.tls.certificate": "/c" },
  "http.tls.clientcas": { "http.tls.certificate": "/c", "http.tls.key": "/k" },
  "http.tls.clientauth": { "http.tls.clientcas": ["/ca"], "http.tls.certificate": "/c", "http.tls.key": "/k" },
  "http.tls.minimumtls": { "http.tls.certificate": "/c", "http.tls.key": "/k" },
  "http.tls.ciphersuites": { "http.tls.certificate": "/c", "http.tls.key": "/k" },
  "proxy.username": { "proxy.remoteurl": "https://a.example" },
  "proxy.password": { "proxy.remoteurl": "https://a.example" },
  "proxy.ttl": { "proxy.remoteurl": "https://a.example" },
};

/** Keys that are honoured by nothing but that they are taken: what they say holds in any case. */
const SILENT = new Set(["version", "storage.filesystem", "auth", "auth.htpasswd", "notifications.events"]);

function exampleOf({ key, value }: DistributionKey): unknown {
  if (key in EXAMPLES) return EXAMPLES[key];
  return typeof value === "string" ? EXAMPLE_OF_KIND[value] : value.words.at(-1);
}

const EXAMPLE_OF_KIND: Readonly<Record<Exclude<ValueKind, object>, unknown>> = {
  text: "/some/text",
  switch: true,
  count: 5,
  duration: "90s",
  texts: ["one"],
  document: {},
  anything: { enabled: true, some: "thing" },
  named: { enabled: false },
  group: {},
};

/** A key's document, with what has to stand beside it. */
function documentOf(row: DistributionKey): Record<string, unknown> {
  const document: Record<string, unknown> = {};
  for (const [key, value] of Object.entries({ ...BESIDE[row.key], [row.key]: exampleOf(row) })) {
    const parts = key.replace("*", "X-Any").split(".");
    let at = document;
    for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>;
    const last = parts.at(-1) ?? "";
    if (at[last] === undefined) at[last] = value;
  }
  return document;
}

function variablesOf(row: DistributionKey): Record<string, string> {
  const all = { ...BESIDE[row.key], [row.key]: exampleOf(row) };
  return Object.fromEntries(
    Object.entries(all).map(([key, value]) => {
      const parts = key.replace("*", "X-Any").split(".");
      if (key === row.key && row.variable !== null) parts[parts.length - 1] = row.variable;
      return [`REGISTRY_${parts.join("_").toUpperCase()}`, typeof value === "string" ? value : JSON.stringify(value)];
    }),
  );
}

async function readYaml(document: Record<string, unknown>) {
  const problems: string[] = [];
  const path = join(folder, `${Bun.randomUUIDv7()}.yml`);
  await Bun.write(path, `${"version" in document ? "" : "version: 0.1\n"}${stringify(document)}`);
  return { ...(await readDistribution(path, {}, problems)), problems };
}

async function readVariables(environment: Record<string, string>) {
  const problems: string[] = [];
  return { ...(await readDistribution(null, environment, problems)), problems };
}

describe.each(DISTRIBUTION_KEYS.map((row) => [row.key, row] as const))("%s", (key, row) => {
  const named = key.replace("*", "X-Any");
  const isAsked = (found: Awaited<ReturnType<typeof readYaml>>) => {
    const plain = (text: string) => text.toLowerCase();
    switch (row.verdict.kind) {
      case "honoured":
        expect(found.problems).toEqual([]);
        if (!SILENT.has(key)) expect(found.given.size).toBeGreaterThan(0);
        break;
      case "itself":
        expect(found.problems).toEqual([]);
        expect(found.itself.map(plain)).toContain(plain(named));
        break;
      case "refused":
        expect(found.problems).toHaveLength(1);
        expect(plain(found.problems[0] ?? "")).toContain(plain(named));
        expect(found.problems[0]).toContain(row.verdict.words);
        break;
      default:
        row.verdict satisfies never;
    }
  };

  test("in config.yml", async () => isAsked(await readYaml(documentOf(row))));
  test("as a variable", async () => isAsked(await readVariables(variablesOf(row))));
  test("without a value says nothing", async () => {
    if (typeof row.value === "string" && ["group", "anything", "named", "document"].includes(row.value)) return;
    const { problems, given } = await readVariables({
      ...variablesOf(row),
      [Object.keys(variablesOf(row)).at(-1) ?? ""]: "",
    });
    if (BESIDE[key] === undefined) expect([problems, given.size]).toEqual([[], 0]);
  });
});
