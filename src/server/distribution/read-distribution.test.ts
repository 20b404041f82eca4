import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readDistribution } from "./read-distribution.ts";
import { registryDefaults } from "./registry-defaults.ts";

type Environment = Readonly<Record<string, string>>;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-distribution-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The settings that a config.yml (of which the version is added) and variables come to. */
async function read(yaml: string | null, environment: Environment = {}) {
  const problems: string[] = [];
  const path = yaml === null ? null : join(folder, `${Bun.randomUUIDv7()}.yml`);
  if (path !== null) await Bun.write(path, `version: 0.1\n${yaml}`);
  const found = await readDistribution(path, environment, problems);
  const said = Object.fromEntries([...found.given].map(([key, { value }]) => [key, value]));
  const implied = Object.fromEntries([...found.implied].map(([key, { value }]) => [key, value]));
  const shown = problems.map((problem) => (path === null ? problem : problem.replaceAll(path, "config.yml")));
  return { said, implied, itself: found.itself, strangers: found.strangers, problems: shown };
}

async function said(environment: Environment, yaml: string | null = null) {
  const { said: given, problems } = await read(yaml, environment);
  expect(problems).toEqual([]);
  return given;
}

describe("variables", () => {
  test("mean the same here", async () => {
    expect(
      await said({
        REGISTRY_HTTP_ADDR: ":80",
        REGISTRY_STORAGE_DELETE_ENABLED: "true",
        REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/var/lib/registry",
        PATH: "/bin",
      }),
    ).toEqual({ http: [{ host: null, port: 80 }], delete: true, data: "/var/lib/registry" });
  });

  test("that are empty say nothing", async () => {
    expect(await said({ REGISTRY_HTTP_ADDR: "", REGISTRY_AUTH: " " })).toEqual({});
  });

  test("a certificate makes HTTPS of the one address, and of nothing else", async () => {
    const files = { REGISTRY_HTTP_TLS_CERTIFICATE: "/c", REGISTRY_HTTP_TLS_KEY: "/k" };
    const tls = { "tls.cert": "/c", "tls.key": "/k" };
    expect(await said({ ...files, REGISTRY_HTTP_ADDR: ":443" })).toEqual({
      http: [],
      https: [{ host: null, port: 443 }],
      ...tls,
    });
    expect(await said(files)).toEqual({ http: [], https: [{ host: null, port: 5000 }], ...tls });
    expect((await read(null, { REGISTRY_HTTP_TLS_KEY: "/k" })).problems).toEqual([
      "REGISTRY_HTTP_TLS_KEY (http.tls.key): needs http.tls.certificate beside it",
    ]);
  });

  test("a value that is none is refused by the variable's name", async () => {
    const { problems } = await read(null, { REGISTRY_HTTP_ADDR: "80", REGISTRY_STORAGE_DELETE_ENABLED: "perhaps" });
    expect(problems.join("\n")).toContain("REGISTRY_HTTP_ADDR (http.addr)");
    expect(problems.join("\n")).toContain(
      "REGISTRY_STORAGE_DELETE_ENABLED (storage.delete.enabled) must be true or false",
    );
  });

  test("win over the file, a group's before what is in it, and a group's as a YAML document", async () => {
    const yaml = "storage: {filesystem: {rootdirectory: /a}, delete: {enabled: true}}\nhttp: {addr: ':1'}\n";
    expect(await said({ REGISTRY_HTTP_ADDR: ":2" }, yaml)).toMatchObject({ http: [{ port: 2 }], delete: true });
    expect(await said({ REGISTRY_STORAGE: "{filesystem: {rootdirectory: /b}}" }, yaml)).toEqual({
      http: [{ host: null, port: 1 }],
      data: "/b",
    });
    expect(await said({ REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: "/c", REGISTRY_STORAGE: "filesystem" })).toEqual({
      data: "/c",
    });
    expect(await said({ REGISTRY_STORAGE_MAINTENANCE_READONLY: "{enabled: true}" }, yaml)).toMatchObject({
      readOnly: true,
    });
  });

  test("name a list's items by their numbers", async () => {
    const tls = { REGISTRY_HTTP_TLS_CERTIFICATE: "/c", REGISTRY_HTTP_TLS_KEY: "/k" };
    expect(await said({ ...tls, REGISTRY_HTTP_TLS_CLIENTCAS_0: "/ca.pem" })).toMatchObject({
      "auth.clientCa": "/ca.pem",
      "auth.clientRequired": true,
    });
    expect(await said({ ...tls, REGISTRY_HTTP_TLS_CLIENTCAS: "[/ca.pem]" })).toMatchObject({
      "auth.clientCa": "/ca.pem",
    });
    const { problems } = await read(null, { ...tls, REGISTRY_HTTP_TLS_CLIENTCAS_2: "/ca.pem" });
    expect(problems[0]).toStartWith("REGISTRY_HTTP_TLS_CLIENTCAS_2: the list has 0 items: number 2 would leave a gap");
  });

  test("text stays as it was written", async () => {
    const proxy = { REGISTRY_PROXY_REMOTEURL: "https://registry-1.docker.io", REGISTRY_PROXY_USERNAME: "007" };
    for (const password of ["0123", "1e3", "yes", "2001-01-01", "12:30:45"]) {
      expect(await said({ ...proxy, REGISTRY_PROXY_PASSWORD: password })).toMatchObject({
        "upstreams.docker.io.username": "007",
        "upstreams.docker.io.password": password,
      });
    }
  });

  test("of Kubernetes and podman are none of registry:2's, whatever they begin with", async () => {
    const environment = {
      REGISTRY_PORT: "tcp://10.0.0.1:5000",
      REGISTRY_PORT_5000_TCP: "tcp://10.0.0.1:5000",
      REGISTRY_PORT_5000_TCP_ADDR: "10.0.0.1",
      REGISTRY_PORT_5000_TCP_PORT: "5000",
      REGISTRY_PORT_5000_TCP_PROTO: "tcp",
      REGISTRY_SERVICE_HOST: "10.0.0.1",
      REGISTRY_SERVICE_PORT: "5000",
      REGISTRY_SERVICE_PORT_HTTP: "5000",
      REGISTRY_AUTH_PORT: "tcp://10.0.0.2:5001",
      REGISTRY_AUTH_PORT_5001_TCP: "tcp://10.0.0.2:5001",
      REGISTRY_AUTH_SERVICE_HOST: "10.0.0.2",
      REGISTRY_HTTP_SERVICE_PORT_HTTP_WEB: "80",
      REGISTRY_REDIS_PORT: "tcp://10.0.0.3:6379",
      REGISTRY_REDIS_SERVICE_HOST: "10.0.0.3",
      REGISTRY_STORAGE_S3_SERVICE_HOST: "10.0.0.4",
      REGISTRY_AUTH_FILE: "/run/containers/0/auth.json",
    };
    expect(await read(null, environment)).toEqual({ said: {}, implied: {}, itself: [], strangers: [], problems: [] });
  });

  test("of others are told, and do not stop anything", async () => {
    const { strangers, problems } = await read(null, {
      REGISTRY_URL: "x",
      REGISTRY_USER: "y",
      REGISTRY_OAUTH_TOKEN: "z",
    });
    expect([strangers, problems]).toEqual([["REGISTRY_OAUTH_TOKEN", "REGISTRY_URL", "REGISTRY_USER"], []]);
  });

  test("that begin like a key and mean none are refused, least of all is auth opened by a slip", async () => {
    const { problems } = await read(null, {
      REGISTRY_AUTH_HTPASWD_PATH: "/h",
      REGISTRY_AUHT_HTPASSWD_PATH: "/h",
      REGISTRY_HTTP_ADDRESS: ":80",
      REGISTRY_http_addr: ":80",
      REGISTRY_STORAGE_FILESYSTEM_ROOT_DIRECTORY: "/x",
    });
    const none = "this is no variable of registry:2's or registry:3's";
    expect(problems).toEqual([
      "REGISTRY_AUHT_HTPASSWD_PATH: did you mean REGISTRY_AUTH_HTPASSWD_PATH?",
      expect.stringContaining(`REGISTRY_AUTH_HTPASWD_PATH: ${none}; did you mean REGISTRY_AUTH_HTPASSWD_PATH?`),
      expect.stringContaining(`REGISTRY_HTTP_ADDRESS: ${none}`),
      expect.stringContaining(`REGISTRY_STORAGE_FILESYSTEM_ROOT_DIRECTORY: ${none}`),
      expect.stringContaining(`REGISTRY_http_addr: ${none}; did you mean REGISTRY_HTTP_ADDR?`),
    ]);
  });
});

describe("config.yml", () => {
  test("of the image registry:2, and of registry:3", async () => {
    const {
      said: given,
      problems,
      itself,
    } = await read(`log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
  tag:
    concurrencylimit: 8
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
`);
    expect(problems).toEqual([]);
    expect(given).toEqual({
      data: "/var/lib/registry",
      http: [{ host: null, port: 5000 }],
      logFields: { service: "registry" },
      headers: [["X-Content-Type-Options", "nosniff"]],
    });
    expect(itself).toContain("storage.cache.blobdescriptor");
  });

  test("with anchors, merge keys, YAML 1.1 and short forms", async () => {
    const { said: given, problems } = await read(`x-tls: &tls {certificate: /c, key: /k}
storage: &s
  filesystem: {rootdirectory: /d}
  delete: {enabled: on}
http:
  addr: 127.0.0.1:443
  tls:
    <<: *tls
loglevel: WARN
`);
    expect(problems).toEqual([]);
    expect(given).toEqual({
      data: "/d",
      delete: true,
      http: [],
      https: [{ host: "127.0.0.1", port: 443 }],
      "tls.cert": "/c",
      "tls.key": "/k",
      log: "warning",
    });
    expect((await read("storage: filesystem\n")).problems).toEqual([]);
  });

  test("an unknown key is refused by its line, with what may be meant", async () => {
    const { problems } = await read("auth:\n  htpaswd:\n    path: /h\nhtpp: {addr: ':80'}\nstorage: {b2: {}}\n");
    expect(problems).toEqual([
      "config.yml:3: auth.htpaswd is no key of registry:2's or registry:3's configuration; did you mean auth.htpasswd?",
      "config.yml:5: htpp is no key of registry:2's or registry:3's configuration; did you mean http?",
      expect.stringMatching(/^config\.yml:6: storage\.b2 is no key/),
      expect.stringMatching(/^config\.yml:2: auth: it names no way to get in/),
    ]);
  });

  test("a storage driver or a way of auth that larder lacks is refused in its short form, too", async () => {
    expect((await read("storage: s3\n")).problems[0]).toStartWith(
      "config.yml:2: storage.s3: larder keeps its data in files",
    );
    expect((await read(null, { REGISTRY_STORAGE: "s3" })).problems[0]).toStartWith("REGISTRY_STORAGE (storage.s3)");
    expect((await read(null, { REGISTRY_STORAGE_S3_BUCKET: "b" })).problems[0]).toStartWith(
      "REGISTRY_STORAGE_S3_BUCKET (storage.s3)",
    );
    expect((await read(null, { REGISTRY_AUTH: "silly" })).problems[0]).toStartWith("REGISTRY_AUTH (auth.silly)");
    expect((await read("auth: htpasswd\n")).problems[0]).toStartWith(
      "config.yml:2: auth.htpasswd: needs auth.htpasswd.path",
    );
  });

  const PATH = "/h";
  const SPELLINGS: readonly string[] = [
    "",
    "{}",
    "~",
    "none",
    "false",
    "''",
    "[]",
    "[htpasswd]",
    "silly",
    "ldap",
    "{Htpasswd: {path: /h}}",
    "!!binary aHRwYXNzd2Q=",

    "{htpasswd: }",
    "{htpasswd: {}}",
    "{htpasswd: {path: ''}}",
    "{htpasswd: {realm: a}}",
    "{htpasswd: [a]}",
    "{htpasswd: /h}",
    "{silly: }",
    "{silly: {}}",
    "{silly: false}",
    "{silly: {realm: '', service: ''}}",
    "token",
    "{token: }",
    "{token: {}}",
    "{token: []}",
    "{token: false}",
    "{token: ''}",
    "{token: {realm: ''}}",
    "{token: {autoredirect: false}}",
    "{token: {enabled: false}}",
    "{token: {disabled: true, realm: a}}",
    `{token: {realm: a}, htpasswd: {path: ${PATH}}}`,
    `{htpasswd: {path: ${PATH}}}\nauth: {}`,
  ];
  test("no spelling of auth leaves a registry open", async () => {
    for (const auth of SPELLINGS) {
      const { problems } = await read(`auth: ${auth}\n`);
      expect([auth, problems.length > 0]).toEqual([auth, true]);
    }
  });

  test("no variable of auth leaves a registry open, nor does a slip", async () => {
    const slips = ["{}", "null", "~", "[]", "none", "silly", "token", "{token: {}}", "{HTPASSWD: {PATH: /h}}"];
    const environments: Environment[] = [
      ...slips.map((value) => ({ REGISTRY_AUTH: value })),
      ...["{}", "null", "false"].map((value) => ({ REGISTRY_AUTH_TOKEN: value })),
      ...["x", "false"].map((value) => ({ REGISTRY_AUTH_TOKEN_REALM: value })),
      { REGISTRY_AUTH_TOKEN_AUTOREDIRECT: "false" },
      { REGISTRY_AUTH_TOKEN_ENABLED: "false", REGISTRY_AUTH_TOKEN_REALM: "x" },
      { REGISTRY_AUTH_HTPASSWD_REALM: "x" },
      { REGISTRY_AUTH_HTPASSWD: "null" },
      { REGISTRY_AUTHS: "htpasswd" },
      { REGISTRY_HTPASSWD_PATH: PATH },
      { REGISTRY__AUTH: "htpasswd" },
      { REGISTRY__AUTH__HTPASSWD__PATH: PATH },
      { registry_auth_htpasswd_path: PATH },
    ];
    for (const environment of environments) {
      const { problems } = await read(null, environment);
      expect(problems.join("\n")).toContain(Object.keys(environment)[0] ?? "none");
    }
    const file = `auth: {htpasswd: {path: ${PATH}}}\n`;
    for (const value of ["{}", "null", "none"]) {
      expect((await read(file, { REGISTRY_AUTH: value })).problems[0]).toStartWith("REGISTRY_AUTH");
    }
    expect((await read(file, { REGISTRY_AUTH: "" })).said["auth.htpasswd"]).toBe(PATH);
  });

  test("authorities of certificates that name no file are refused", async () => {
    for (const list of ["['']", "[~]"]) {
      const { problems } = await read(`http: {tls: {certificate: /c, key: /k, clientcas: ${list}}}\n`);
      expect(problems).toEqual([expect.stringContaining("http.tls.clientcas: it names no file")]);
    }
  });

  test("auth means that nobody gets in without a password, and that who does may everything", async () => {
    const { said: given, implied } = await read(null, {
      REGISTRY_AUTH: "htpasswd",
      REGISTRY_AUTH_HTPASSWD_REALM: "Registry Realm",
      REGISTRY_AUTH_HTPASSWD_PATH: "/auth/htpasswd",
    });
    expect(given).toEqual({ "auth.htpasswd": "/auth/htpasswd", "auth.basicRealm": "Registry Realm" });
    expect(implied).toMatchObject({
      "auth.rules": [{ text: { subject: "authenticated", allow: ["pull", "push", "delete"], names: ["**"] } }],
    });
  });

  test("proxy means that every name is looked for there, and that nobody pushes", async () => {
    const { said: given, implied } = await read("proxy: {remoteurl: 'https://mirror.example:8443/', ttl: 24h}\n");
    expect(given).toEqual({
      "upstreams.mirror.example:8443.endpoint": "https://mirror.example:8443",
      standIn: ["mirror.example:8443"],
      unqualified: ["mirror.example:8443"],
      readOnly: true,
      "untagged.cached": 86_400_000,
    });
    expect(implied).toEqual({ tags: 0 });
    expect((await read(null, { REGISTRY_PROXY_USERNAME: "x" })).problems[0]).toContain("needs proxy.remoteurl");
  });

  test("what is switched off asks for nothing", async () => {
    const { problems } = await read(`log: {hooks: [{type: mail, disabled: true}], accesslog: {disabled: false}}
middleware: {storage: [{name: redirect, disabled: true}]}
notifications: {endpoints: []}
http: {http2: {disabled: true}, h2c: {enabled: false}, prefix: /, net: tcp, tls: {minimumtls: tls1.2}}
reporting: {bugsnag: {apikey: ''}}
compatibility: {schema1: {enabled: true}}
proxy: {remoteurl: ''}
`);
    expect(problems).toEqual([]);
  });

  test("no version, another version, no map, broken YAML and aliases that multiply are said", async () => {
    const problemsOf = async (text: string) => {
      const problems: string[] = [];
      const path = join(folder, `${Bun.randomUUIDv7()}.yml`);
      await Bun.write(path, text);
      await readDistribution(path, {}, problems);
      return problems.map((problem) => problem.replace(path, "config.yml"));
    };
    expect(await problemsOf("log: {}\n")).toEqual([expect.stringContaining("config.yml:1: version is missing")]);
    expect(await problemsOf("version: 0.2\n")).toEqual(["config.yml:1: version: there is version 0.1 alone"]);
    expect(await problemsOf("- a\n")).toHaveLength(1);
    expect(await problemsOf("")).toEqual(["config.yml: it says nothing; begin it with version: 0.1"]);
    expect((await problemsOf("version: 0.1\nlog: {\n"))[0]).toStartWith("config.yml:3: ");
    const bomb = ["version: 0.1", "x-0: &a0 [a, a, a, a, a, a, a, a, a]"];
    for (let i = 1; i < 12; i++)
      bomb.push(
        `x-${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    expect((await problemsOf(bomb.join("\n")))[0]).toContain("its aliases multiply");
    expect((await problemsOf("version: 0.1\nx: &a [*a]\n"))[0]).toMatch(/too deep|no anchor|no key/);
  });

  test("a secret is not repeated when it cannot be read", async () => {
    const { problems } = await read(
      "proxy: {remoteurl: 'https://a.example', password: [hunter2]}\nhttp: {secret: {a: hunter2}}\n",
    );
    expect(problems).toHaveLength(2);
    expect(problems.join()).not.toContain("hunter2");
  });
});

test("in registry:2's place a plain name is looked for nowhere else, and names of other registries are pulled through", () => {
  const usual = registryDefaults(true);
  expect(usual.get("unqualified")?.value).toEqual([]);
  expect(usual.has("standIn")).toBe(false);
  expect([...usual.values()].map(({ key }) => key)).toContain("open");
  expect(registryDefaults(false).has("open")).toBe(false);
});
