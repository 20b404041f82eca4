/** Configurations as people and charts have them: each key of theirs is known. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { readDistribution } from "./read-distribution.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-wild-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const COMMON = {
  version: 0.1,
  log: { fields: { service: "registry" } },
  storage: { cache: { blobdescriptor: "inmemory" }, filesystem: { rootdirectory: "/var/lib/registry" } },
  http: { addr: ":5000", headers: { "X-Content-Type-Options": ["nosniff"] } },
  health: { storagedriver: { enabled: true, interval: "10s", threshold: 3 } },
};

const GOOD: readonly (readonly [string, object])[] = [
  ["of the image", COMMON],
  [
    "of a chart, with metrics at a port of their own",
    {
      ...COMMON,
      http: { ...COMMON.http, debug: { addr: ":5001", prometheus: { enabled: true, path: "/metrics" } } },
    },
  ],
  [
    "for a page in a browser",
    {
      ...COMMON,
      storage: {
        ...COMMON.storage,
        delete: { enabled: true },
        maintenance: { uploadpurging: { enabled: true, age: "168h", interval: "24h", dryrun: false } },
      },
      http: {
        addr: ":5000",
        headers: {
          "Access-Control-Allow-Origin": ["*"],
          "Access-Control-Allow-Methods": ["HEAD", "GET", "OPTIONS", "DELETE"],
          "Access-Control-Max-Age": [1728000],
          "Access-Control-Allow-Credentials": [true],
          "Access-Control-Expose-Headers": ["Docker-Content-Digest"],
        },
      },
    },
  ],
  ["of a mirror of Docker Hub", { ...COMMON, proxy: { remoteurl: "https://registry-1.docker.io", ttl: "168h" } }],
  [
    "with notifications",
    {
      ...COMMON,
      notifications: {
        events: { includereferences: true },
        endpoints: [
          {
            name: "collector",
            disabled: false,
            url: "https://collector.example/events",
            headers: { Authorization: ["Bearer token"] },
            timeout: "500ms",
            threshold: 5,
            backoff: "1s",
            ignoredmediatypes: ["application/octet-stream"],
            ignore: { mediatypes: ["application/octet-stream"], actions: ["pull"] },
          },
        ],
      },
    },
  ],
];

test.each(GOOD)("%s is taken", async (_, document) => {
  const path = join(folder, `${Bun.randomUUIDv7()}.yml`);
  await Bun.write(path, stringify(document));
  const problems: string[] = [];
  const { given } = await readDistribution(path, {}, problems);
  expect(problems).toEqual([]);
  expect(given.size).toBeGreaterThan(2);
});

test("variables of compose files are taken", async () => {
  const problems: string[] = [];
  const environment = {
    REGISTRY_AUTH: "htpasswd",
    REGISTRY_AUTH_HTPASSWD_REALM: "Registry Realm",
    REGISTRY_AUTH_HTPASSWD_PATH: "/auth/htpasswd",
    REGISTRY_HTTP_ADDR: "0.0.0.0:443",
    REGISTRY_HTTP_TLS_CERTIFICATE: "/certs/domain.crt",
    REGISTRY_HTTP_TLS_KEY: "/certs/domain.key",
    REGISTRY_HTTP_SECRET: "secret-key",
    REGISTRY_HTTP_PREFIX: "",
    REGISTRY_LOG_LEVEL: "warn",
    REGISTRY_STORAGE_DELETE_ENABLED: "true",
    REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR: "inmemory",
    "REGISTRY_HTTP_HEADERS_Access-Control-Allow-Origin": "['*']",
    REGISTRY_HTTP_DEBUG_ADDR: "0.0.0.0:5001",
    REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED: "true",
    REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED: "false",
    REGISTRY_NOTIFICATIONS_ENDPOINTS: "- {name: a, url: 'http://b.example/x', timeout: 1s, threshold: 3, backoff: 1s}",
  };
  const { given, strangers } = await readDistribution(null, environment, problems);
  expect([problems, strangers]).toEqual([[], []]);
  expect(given.get("headers")?.value).toEqual([["access-control-allow-origin", "*"]]);
  expect(given.get("gc.uploads")).toBeDefined();
});
