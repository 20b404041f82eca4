import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { parseConfiguration } from "./configuration-file.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { type FlagValues, readSettings } from "../sources/read-settings.ts";
import { defaultWordsOf, ROWS, type SettingKey, SETTINGS, variableOf } from "./settings-table.ts";
import type { Setting } from "./setting.ts";
import { settingsFrom } from "./settings.ts";

/** For each setting two texts that say something, and one that does not (null: any text will do). */
const TEXTS: Readonly<Partial<Record<SettingKey, readonly [string, string, string | null]>>> = {
  http: [":80", "[::1]:5000", "80"],
  https: [":443", "127.0.0.1:8443", "example.com:443"],
  "tls.mode": ["auto", "auto", "acme"],
  "tls.cert": ["/a.crt", "b.crt", null],
  "tls.key": ["/a.key", "b.key", null],
  "tls.constraints": ["true", "false", "perhaps"],
  dns: [":53", "10.0.0.5:53", "53"],
  dnsOpen: ["true", "false", "perhaps"],
  standardPorts: ["true", "false", "perhaps"],
  data: ["/var/lib/larder", "here", null],
  standIn: ["quay.io", "registry.example:5000", "not_a_host"],
  unqualified: ["quay.io", "docker.io", "not a host!"],
  localAnswersForAll: ["false", "true", "perhaps"],
  "upstreams.HOST.endpoint": ["http://10.0.0.9:5000", "https://a.example", "ftp://x"],
  "upstreams.HOST.mirrors": ["http://10.0.0.9:5000", "https://a.example", "10.0.0.9"],
  "upstreams.HOST.username": ["someone", "else", null],
  "upstreams.HOST.password": ["secret", "12", null],
  "upstreams.HOST.passwordFile": ["/a", "b", null],
  "upstreams.HOST.ca": ["/a.pem", "b.pem", null],
  "upstreams.HOST.clientCert": ["/a.pem", "b.pem", null],
  "upstreams.HOST.clientKey": ["/a.key", "b.key", null],
  "upstreams.HOST.trace": ["true", "false", "perhaps"],
  "tracing.endpoint": ["http://collector:4318/v1/traces", "https://traces.example/otlp/", "collector:4318"],
  "tracing.enabled": ["true", "false", "perhaps"],
  "tracing.sample": ["1%", "0.5%", "101%"],
  "tracing.perSecond": ["10", "99999", "0"],
  "tracing.followClients": ["true", "false", "perhaps"],
  "tracing.headersFile": ["/a", "b", null],
  "tracing.serviceName": ["larder", "registry", null],
  "tracing.timeout": ["1s", "2m", "soon"],
  "tracing.compression": ["gzip", "none", "zstd"],
  "tracing.ca": ["/a.pem", "b.pem", null],
  "tracing.clientCert": ["/a.pem", "b.pem", null],
  "tracing.clientKey": ["/a.key", "b.key", null],
  "upstreams.HOST.skipVerify": ["true", "false", "perhaps"],
  "upstreams.HOST.access": ["upstream", "upstream", "larder"],
  "upstreams.HOST.accessOffline": ["seen", "refuse", "perhaps"],
  "upstreams.HOST.accessLifetime": ["1m", "90s", "soon"],
  "upstreams.HOST.allow": ["library/**", "team/*:v1.*", "A/b"],
  "upstreams.HOST.deny": ["quay.io/evil/**", "evil/*", "UPPER/*"],
  "upstreams.HOST.tags": ["never", "10m", "soon"],
  "auth.clientCa": ["/a.pem", "b.pem", null],
  "auth.clientCrl": ["/a.pem", "b.pem", null],
  "auth.clientRequired": ["true", "false", "perhaps"],
  "auth.oidc": [
    '{"name":"github","issuer":"https://token.actions.githubusercontent.com","audience":"larder.example"}',
    '{"name":"cluster","issuer":"https://kubernetes.default.svc","audience":["a","b"],"jwks":"/keys.json"}',
    "github",
  ],
  "notifications.includeReferences": ["true", "false", "perhaps"],
  allow: ["docker.io/library/**", "*/team/*:1.*", "team/**"],
  deny: ["**", "quay.io/evil/**", "quay.io"],
  immutable: ["team/**:v*", "docker.io/library/nginx", "a//b"],
  offline: ["true", "false", "perhaps"],
  resolvers: ["9.9.9.9", "[2620:fe::9]:5353", "dns.google"],
  tags: ["always", "1h30m", "soon"],
  credentials: ["/config.json", "c", null],
  names: ["registry.lan", "registry.lan:5000", null],
  addresses: ["10.0.0.5", "fd00::5", "fe80::1%eth0"],
  sparse: ["true", "false", "perhaps"],
  adopt: ["true", "false", "perhaps"],
  readOnly: ["true", "false", "perhaps"],
  debug: ["127.0.0.1:5001", ":9090", "5001"],
  tlsMinimum: ["1.3", "1.2", "1.1"],
  tlsCiphers: ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256", null],
  publicUrl: ["https://registry.example", "http://a:5000", "registry.example"],
  locations: ["absolute", "relative", "none"],
  "lists.catalog": ["1000", "5", "0"],
  "lists.bareNames": ["true", "false", "perhaps"],
  "lists.tags": ["1000", "5", "many"],
  "auth.basicRealm": ["Registry Realm", "r", 'a"b'],
  web: ["false", "true", "perhaps"],
  accessLog: ["false", "true", "perhaps"],
  "auth.htpasswd": ["/etc/larder/htpasswd", "h", null],
  open: ["true", "false", "perhaps"],
  trustedProxies: ["127.0.0.2", "10.0.0.0/8", "10.0.0.0/33"],
  delete: ["false", "true", "perhaps"],
  "gc.grace": ["10m", "1h", "10"],
  "gc.every": ["10m", "1h", "0s"],
  "gc.uploads": ["10m", "1h", "10"],
  "verify.rate": ["20MB/s", "500kB", "fast"],
  "verify.every": ["never", "30d", "5m"],
  "untagged.pushed": ["never", "30d", "0s"],
  "untagged.cached": ["7d", "never", "soon"],
  "retention.rules": [
    '[{"pattern":"team/**:pr-*","keepLast":10,"keep":["v*"]}]',
    '[{"pattern":"**","keepYounger":"14d","keepPulledWithin":"30d"}]',
    "all",
  ],
  "retention.wait": ["0s", "7d", "soon"],
  maxSize: ["200GB", "1.5TiB", "much"],
  keepFree: ["10GB", "5%", "100%"],
  aciFiles: ["/acis", "a", null],
  aciKey: ["/key", "k", null],
  aciKeep: ["1GB", "1.5TiB", "much"],
  shutdown: ["10s", "0s", "25d"],
  log: ["debug", "error", "loud"],
  logFormat: ["human", "json", "xml"],
};

const isOfHosts = (key: SettingKey) => key.includes(".HOST.");
const fullKeyOf = (key: SettingKey) => key.replace("HOST", "quay.io");
const meaning = async (key: SettingKey, text: string): Promise<unknown> => {
  const { shape, readText } = SETTINGS[key] as Setting;
  return readText === null ? shape.fromText(text) : readText(text);
};
const read = async (flags: FlagValues, environment: Readonly<Record<string, string>>) => {
  try {
    const { given } = await readSettings({ file: null, flags, environment });
    return { given, problems: [] };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { given: new Map(), problems: error.problems };
  }
};
/** What else has to be said for a setting to stand. */
const BESIDE: Readonly<Record<string, readonly [SettingKey, string]>> = {
  "tls.cert": ["tls.key", "/k"],
  "tls.key": ["tls.cert", "/c"],
  "auth.clientCrl": ["auth.clientCa", "/ca"],
  "auth.clientRequired": ["auth.clientCa", "/ca"],
  "upstreams.HOST.clientCert": ["upstreams.HOST.clientKey", "quay.io=/k"],
  "upstreams.HOST.clientKey": ["upstreams.HOST.clientCert", "quay.io=/c"],
};

/** Is this of use with HTTPS alone? */
const isOfTls = (key: string) => key.startsWith("tls.") || key.startsWith("auth.client");

/** What a file alone says has tests of its own. */
const OF_TEXTS = ROWS.filter(([, { isFileOnly }]) => !isFileOnly);

describe.each(OF_TEXTS)("%s", (key, setting) => {
  const [first, second, bad] = TEXTS[key] ?? ["", "", null];
  const flag = /--([\w-]+)/.exec(setting.flag ?? "")?.[1] ?? null;
  const ofHost = (text: string) => (isOfHosts(key) ? `quay.io=${text}` : text);

  if (flag !== null && !setting.shape.isSwitch)
    test("by its flag", async () => {
      const [also, text] = BESIDE[key] ?? [];
      const beside =
        also === undefined ? [] : [[/--([\w-]+)/.exec(SETTINGS[also].flag ?? "")?.[1] ?? "", [text ?? ""]] as const];
      const https = isOfTls(key) ? ([["https", [":443"]]] as const) : [];
      const { given, problems } = await read(new Map([...beside, ...https, [flag ?? "", [ofHost(first)]]]), {});
      expect(problems).toEqual([]);
      expect(given.get(fullKeyOf(key))).toEqual({
        key,
        host: isOfHosts(key) ? "quay.io" : null,
        value: await meaning(key, first),
        origin: { kind: "flag", name: `--${flag}` },
      });
    });

  if (flag !== null && setting.shape.isSwitch)
    test("by its switch", async () => {
      const { given } = await read(new Map([[flag ?? "", true]]), {});
      expect(given.get(key)).toMatchObject({
        value: !(flag ?? "").startsWith("no-"),
        origin: { kind: "flag", name: `--${flag}` },
      });
    });

  test("by its variable", async () => {
    const [also, text] = BESIDE[key] ?? [];
    const beside = also === undefined ? {} : { [variableOf(also)]: text ?? "" };
    const https = key.startsWith("auth.client") ? { LARDER_HTTPS: ":443" } : {};
    const name = variableOf(key);
    const { given, problems } = await read(new Map(), { ...beside, ...https, [name]: ofHost(second) });
    expect(problems).toEqual([]);
    expect(given.get(fullKeyOf(key))).toMatchObject({
      value: await meaning(key, second),
      origin: { kind: "variable", name },
    });
  });

  test("by its key", async () => {
    const value = await meaning(key, first);
    const { given, problems } = parseConfiguration(`# a line\n${yamlOf(key, setting.shape.toPlain(value))}`, "l.yaml");
    expect(problems).toEqual([]);
    const depth = fullKeyOf(key) === key ? key.split(".").length : 3;
    expect(given.get(fullKeyOf(key))).toMatchObject({ value, origin: { path: "l.yaml", line: depth + 1 } });
  });

  if (bad !== null)
    test("a bad value is told with its place, and what to write", async () => {
      const text = ofHost(bad ?? "");
      const name = variableOf(key);
      const byVariable = (await read(new Map(), { [name]: text.replaceAll(" ", "") })).problems;
      expect(byVariable).toHaveLength(1);
      expect(byVariable[0]).toStartWith(`${name}=`);
      if (flag !== null && !setting.shape.isSwitch) {
        const { problems } = await read(new Map([[flag, [text]]]), {});
        expect(problems[0]).toStartWith(`--${flag} ${text}: `);
        expect(problems[0]).toMatch(/write|neither/);
      }
      const { problems } = parseConfiguration(`\n${yamlOf(key, bad ?? "")}`, "l.yaml");
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/^l\.yaml:\d+: /);
      expect(problems[0]).toContain(fullKeyOf(key));
      expect(problems[0]).toContain(setting.shape.expected);
    });

  test("its default is what its words say, and can be written", async () => {
    if (setting.default === null) return;
    const plain = setting.shape.toPlain(setting.default);
    const { given } = parseConfiguration(yamlOf(key, plain), "l.yaml");
    expect(given.get(fullKeyOf(key))?.value).toEqual(setting.default);
    const isSaid = setting.defaultWords === null && defaultWordsOf(setting) !== null;
    if (isSaid)
      expect(defaultWordsOf(setting)).toBe(
        JSON.stringify(plain)
          .replaceAll(/["[\]]/g, "")
          .replaceAll(",", ", "),
      );
  });
});

/** The file in which the setting of quay.io, or of all, has a value. */
function yamlOf(key: SettingKey, value: unknown): string {
  const path = key.split(".").map((part) => (part === "HOST" ? "quay.io" : part));
  let content = value;
  for (const part of path.toReversed()) content = { [part]: content };
  return stringify(content);
}

test("no setting's variable is one that Kubernetes sets for a service called larder", () => {
  const names = ROWS.map(([key]) => variableOf(key));
  expect(names.filter((name) => /^LARDER_(?:PORT|SERVICE)/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

test("a password that stands in a URL is refused, and is not repeated", async () => {
  const secret = "quay.io=https://me:hunter2@quay.io";
  const { problems: ofFlag } = await read(new Map([["upstream", [secret]]]), {});
  const { problems: ofVariable } = await read(new Map(), { LARDER_UPSTREAMS_MIRRORS: secret });
  for (const problems of [ofFlag, ofVariable]) {
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("quay.io=https://…@quay.io");
  }
});

test("what is printed is parsed back, whatever was said", async () => {
  const time = fc.tuple(fc.nat(999_999), fc.constantFrom("ms", "s", "m", "h", "d")).map(([n, unit]) => `${n}${unit}`);
  const amount = fc
    .tuple(fc.nat(999_999_999), fc.nat(999_999), fc.constantFrom("", "k", "MB", "Gi", "TB", "TiB"))
    .map(([whole, part, unit]) => `${whole}.${part}${unit}`);
  const network = fc.oneof(
    fc.tuple(fc.ipV4(), fc.nat(32)).map(([base, bits]) => `${base}/${bits}`),
    fc.tuple(fc.ipV6(), fc.nat(128)).map(([base, bits]) => `${base}/${bits}`),
  );
  const said = fc.oneof(
    fc.tuple(fc.constantFrom<SettingKey>("gc.grace", "tags", "shutdown"), time),
    fc.tuple(fc.constant<SettingKey>("aciKeep"), amount),
    fc.tuple(fc.constant<SettingKey>("trustedProxies"), network),
    fc.tuple(fc.constant<SettingKey>("data"), fc.string({ minLength: 1 })),
  );
  await fc.assert(
    fc.asyncProperty(said, async ([key, text]) => {
      const { shape } = SETTINGS[key] as Setting;
      const value = shape.fromText(text);
      fc.pre(
        value !== null &&
          (typeof value !== "number" || value <= Number.MAX_SAFE_INTEGER) &&
          (key !== "data" || text.trim() !== ""),
      );
      const { given, problems } = parseConfiguration(yamlOf(key, shape.toPlain(value)), "l.yaml");
      expect(problems).toEqual([]);
      const plain = (one: unknown) => JSON.stringify(shape.toPlain(one));
      expect(plain(given.get(key)?.value)).toBe(plain(value));
      if (typeof value === "number") expect(given.get(key)?.value).toBe(value);
    }),
  );
});

test("without a word all settings have a value", () => {
  expect(settingsFrom(new Map())).toMatchObject({ data: "./larder-data", tls: { mode: "auto", constraints: false } });
});
