/** hosts.toml and registries.yaml of others: by TypeScript and by the awk of the scripts, with one set of cases. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import { requirement } from "../../../test/requirement.ts";
import { hostsTomlFiles } from "../targets/hosts-toml.ts";
import { registriesYaml } from "../targets/k3s.ts";
import { testSettings } from "../settings.fixture.ts";
import { mergeHostsToml } from "./merge-hosts-toml.ts";
import { mergeRegistriesYaml } from "./merge-registries-yaml.ts";
import type { MergeResult } from "./merge-result.ts";

const URL = "http://10.0.0.5:5000";
const HOSTS = hostsOf();
const ALONE = hostsOf({ fallback: false });
const YAML = registriesYaml(testSettings("http"), null);
const SECURE = registriesYaml(testSettings("https"), "/etc/rancher/k3s/larder-ca.crt");

function hostsOf(changes: Parameters<typeof testSettings>[1] = {}): string {
  return hostsTomlFiles(testSettings("http", changes), "/certs.d", null)[0]?.content ?? "";
}

const SITE = `# the site's
server = "https://registry-1.docker.io"
capabilities = [
  "pull", # [x
  "resolve"]

[host."https://mirror.corp"]
  client = [
    ["/etc/a.cert", "/etc/a.key"],
  ]
  [host."https://mirror.corp".header]
    x = ["y"]
`;

const HOSTS_CASES: readonly (readonly [string, string, string, RegExp | readonly string[]])[] = [
  ["the site's hosts come after", SITE, HOSTS, [URL, "https://mirror.corp"]],
  ["a server alone is asked last", 'server = "https://mirror.corp"\n', HOSTS, [URL]],
  ["single quotes, and no newline at the end", "[ host . 'https://a/' ]", HOSTS, [URL, "https://a"]],
  ["larder is first already", `[host."${URL}/"]\n[host."https://a"]\n`, HOSTS, /unchanged/],
  ["nothing is in it", " \n", HOSTS, [URL]],
  [
    "another goes before larder",
    `[host."https://a"]\n[host."${URL}"]\n`,
    HOSTS,
    /line 2: it asks another before larder/,
  ],
  ["larder alone is wanted", SITE, ALONE, /larder alone is to be asked/],
  ["a table without a name", "[host]\n", HOSTS, /line 1 is not of a form/],
  ["tables in a list", "[[host]]\n", HOSTS, /line 1 is not of a form/],
  ["another table", '[host."https://a"]\n[other]\n', HOSTS, /line 2 is not of a form/],
  ["text of several lines", 'x = """\n[host]\n"""\n', HOSTS, /line 1 is not of a form/],
  ["a list without an end", 'x = [\n"a"\n', HOSTS, /line 2 is not of a form/],
];

const YAML_CASES: readonly (readonly [string, string, string, boolean, RegExp | Record<string, unknown>])[] = [
  [
    "registries of the site's stay",
    '# site\nmirrors:\n    "registry.corp:5000":\n        endpoint: ["https://registry.corp:5000"]\nconfigs:\n    registry.corp:5000:\n        auth: {username: a, password: "b #c"}\n',
    YAML,
    false,
    {
      "registry.corp:5000": ["https://registry.corp:5000"],
      "docker.io": [URL],
      "registry.k8s.io": [URL],
      "10.0.0.5:5000": [URL],
    },
  ],
  [
    "endpoints in a block, in one line, and none",
    "---\nmirrors:\n  docker.io:\n    endpoint:\n    - https://mirror.corp # ours\n  registry.k8s.io:\n    endpoint: [ ]\n  '10.0.0.5:5000':\n    endpoint:\n",
    YAML,
    false,
    { "docker.io": [URL, "https://mirror.corp"], "registry.k8s.io": [URL], "10.0.0.5:5000": [URL] },
  ],
  [
    "what was asked for all is asked after larder",
    'mirrors:\n  "*":\n    endpoint:\n      - "https://a"\n      - https://b/\n',
    YAML,
    false,
    {
      "*": ["https://a", "https://b/"],
      "docker.io": [URL, "https://a", "https://b"],
      "registry.k8s.io": [URL, "https://a", "https://b"],
      "10.0.0.5:5000": [URL],
    },
  ],
  [
    "only credentials are there",
    "configs:\n  a:\n    auth:\n      username: x\n",
    SECURE,
    false,
    {
      "docker.io": ["https://larder.lan"],
      "registry.k8s.io": ["https://larder.lan"],
      "larder.lan": ["https://larder.lan"],
    },
  ],
  ["it is larder's", YAML, YAML, true, /unchanged/],
  ["it is larder's, with TLS", SECURE, SECURE, false, /unchanged/],
  [
    "paths are rewritten",
    "mirrors:\n  docker.io:\n    endpoint: [https://a]\n    rewrite:\n      '^(.*)$': 'x/$1'\n",
    YAML,
    false,
    /line 2: it rewrites/,
  ],
  [
    "paths of all are rewritten",
    'mirrors:\n  "*":\n    endpoint: [https://a]\n    rewrite:\n      "^(.*)$": "x/$1"\n',
    YAML,
    false,
    /line 2: it rewrites/,
  ],
  ["no endpoints", "mirrors:\n  docker.io:\n    x: y\n", YAML, false, /no endpoints/],
  [
    "others before larder",
    `mirrors:\n  docker.io:\n    endpoint: [https://a, "${URL}"]\n`,
    YAML,
    false,
    /another before larder/,
  ],
  ["larder alone is wanted", "mirrors:\n  docker.io:\n    endpoint: [https://a]\n", YAML, true, /larder alone/],
  [
    "settings of its own for larder",
    "configs:\n  larder.lan:\n    tls:\n      insecure_skip_verify: true\n",
    SECURE,
    false,
    /line 2: it has settings of its own for larder.lan/,
  ],
  ["a map in one line", "mirrors: {docker.io: {endpoint: [https://a]}}\n", YAML, false, /line 1 is not of a form/],
  ["an alias", "mirrors:\n  docker.io: *x\n", YAML, false, /line 2 is not of a form/],
  ["merged keys", "mirrors:\n  docker.io:\n    <<: *x\n", YAML, false, /line 3 is not of a form/],
  ["two of one", "mirrors:\n  a:\n    endpoint: []\n  a:\n    endpoint: []\n", YAML, false, /line 4 is not of a form/],
  ["a tab", "mirrors:\n\tdocker.io:\n", YAML, false, /line 2 is not of a form/],
  ["something else", "other:\n  a:\n", YAML, false, /line 1 is not of a form/],
  ["not YAML", "hello\n", YAML, false, /line 1 is not of a form/],
  [
    "a list over two lines",
    "mirrors:\n  a:\n    endpoint: [https://a,\n      https://b]\n",
    YAML,
    false,
    /line 3 is not of a form/,
  ],
  ["two documents", "mirrors:\n---\nconfigs:\n", YAML, false, /line 2 is not of a form/],
];

/** The hosts in their order, by a reader of TOML. */
function hostsIn(text: string): readonly string[] {
  const { host = {} } = Bun.TOML.parse(text) as { host?: Record<string, unknown> };
  return Object.keys(host).map((url) => url.replace(/\/$/, ""));
}

function endpointsIn(text: string): Record<string, unknown> {
  const { mirrors } = parse(text) as { mirrors: Record<string, { endpoint: unknown }> };
  return Object.fromEntries(Object.entries(mirrors).map(([name, { endpoint }]) => [name, endpoint]));
}

function expectResult(
  result: MergeResult,
  expected: RegExp | readonly string[] | Record<string, unknown>,
  read: (text: string) => unknown,
) {
  if (expected instanceof RegExp) {
    expect(result.kind === "impossible" ? result.reason : result.kind).toMatch(expected);
  } else {
    expect(result.kind).toBe("merged");
    expect(result.kind === "merged" ? read(result.text) : null).toEqual(expected);
  }
}

describe("hosts.toml", () => {
  test.each(HOSTS_CASES.map((entry) => [...entry] as const))("%s", (_, text, wanted, expected) => {
    const result = mergeHostsToml(text, wanted, "containerd");
    expectResult(result, expected, hostsIn);
    if (result.kind !== "merged" || text.trim() === "") return;
    // What was there is there as it was, and a second run, with another address, takes the place of the first.
    expect(result.text.replace(/# BEGIN larder containerd\n[^]*# END larder containerd\n/, "")).toBe(
      `${text.replace(/\n$/, "")}\n`,
    );
    expect(mergeHostsToml(result.text, wanted, "containerd")).toEqual(result);
  });

  test("one of the marks is missing, and there is no form for IPv6 beside others", () => {
    expect(mergeHostsToml("# END larder containerd\n", HOSTS, "containerd")).toMatchObject({ kind: "impossible" });
    const six = hostsOf({ registry: "http://[fd00::5]:5000" });
    expect(mergeHostsToml(SITE, six, "containerd")).toMatchObject({ reason: expect.stringContaining("IPv6") });
  });
});

describe("registries.yaml", () => {
  test.each(YAML_CASES.map((entry) => [...entry] as const))("%s", (_, text, wanted, isAlone, expected) => {
    const result = mergeRegistriesYaml(text, wanted, isAlone);
    expectResult(result, expected, endpointsIn);
    if (result.kind !== "merged") return;
    // Every line that was there is there, in its order.
    const lines = result.text.split("\n");
    for (const line of text.split("\n").filter((kept) => !kept.includes("endpoint: ["))) {
      const at = lines.indexOf(line);
      expect(at).toBeGreaterThanOrEqual(0);
      lines.splice(0, at + 1);
    }
    expect(mergeRegistriesYaml(result.text, wanted, isAlone)).toEqual({ kind: "unchanged", note: null });
  });

  test("the authority is added beside credentials", () => {
    const result = mergeRegistriesYaml("configs:\n  a:\n    auth:\n      username: x\n", SECURE, false);
    const { configs } = parse(result.kind === "merged" ? result.text : "") as { configs: unknown };
    expect(configs).toEqual({
      a: { auth: { username: "x" } },
      "larder.lan": { tls: { ca_file: "/etc/rancher/k3s/larder-ca.crt" } },
    });
  });

  test("whatever form people give it, it means what it meant, with larder first", () => {
    fc.assert(
      fc.property(sites, (site) => {
        const result = mergeRegistriesYaml(site.text, YAML, false);
        if (result.kind !== "merged") throw new Error(`${site.text}\n${JSON.stringify(result)}`);
        const isEmpty = (name: string) => !site.isFlow && site.mirrors[name]?.length === 0;
        const expected: Record<string, unknown> = Object.fromEntries(
          Object.entries(site.mirrors).map(([name, urls]) => [name, isEmpty(name) ? null : urls]),
        );
        for (const name of ["docker.io", "registry.k8s.io", "10.0.0.5:5000"]) {
          expected[name] = [URL, ...(site.mirrors[name] ?? [])];
        }
        expect(endpointsIn(result.text)).toEqual(expected);
      }),
    );
  });
});

const endpoint = fc.stringMatching(/^https:\/\/[a-z]{1,6}\.corp(:5000)?$/);
const sites = fc
  .record({
    mirrors: fc.dictionary(
      fc.constantFrom("docker.io", "quay.io", "registry.k8s.io", "a.corp:5000"),
      fc.uniqueArray(endpoint, { maxLength: 3 }),
      { noNullPrototype: true },
    ),
    indent: fc.constantFrom(1, 2, 4),
    isFlow: fc.boolean(),
    quote: fc.constantFrom("", '"', "'"),
    hasComments: fc.boolean(),
  })
  .map(({ mirrors, indent, isFlow, quote, hasComments }) => {
    const step = " ".repeat(indent);
    const lines = ["mirrors:"];
    for (const [name, urls] of Object.entries(mirrors)) {
      lines.push(`${step}${quote}${name}${quote}:${hasComments ? " # a: b" : ""}`);
      if (isFlow) lines.push(`${step}${step}endpoint: [${urls.map((url) => `${quote}${url}${quote}`).join(", ")}]`);
      else lines.push(`${step}${step}endpoint:`, ...urls.map((url) => `${step}${step}- ${quote}${url}${quote}`));
      if (hasComments) lines.push("", "# - x");
    }
    return { mirrors, isFlow, text: `${lines.join("\n")}\n` };
  });

describe("the awk of the scripts", () => {
  for (const awk of [["mawk"], ["busybox", "awk"], ["gawk"]]) {
    test.skipIf(!requirement(awk[0] ?? "").met)(
      `does the same under ${awk.join(" ")}`,
      async () => {
        const folder = await mkdtemp(join(tmpdir(), "larder-merge-"));
        try {
          for (const [, text, wanted] of HOSTS_CASES) {
            if (text.trim() === "") continue; // The shell's affair.
            const result = await awkMerge(awk, "merge-hosts.awk", folder, text, wanted, false);
            expect(result).toEqual(mergeHostsToml(text, wanted, "containerd"));
          }
          const generated = fc.sample(sites, 40).map(({ text }) => ["", text, YAML, false, /./] as const);
          for (const [, text, wanted, isAlone] of [...YAML_CASES, ...generated]) {
            const result = await awkMerge(awk, "merge-rancher.awk", folder, text, wanted, isAlone);
            expect(result).toEqual(mergeRegistriesYaml(text, wanted, isAlone));
          }
        } finally {
          await rm(folder, { recursive: true });
        }
      },
      60_000,
    );
  }
});

async function awkMerge(
  awk: readonly string[],
  program: string,
  folder: string,
  text: string,
  wanted: string,
  isAlone: boolean,
): Promise<MergeResult> {
  const [ours, file, why] = [join(folder, "ours"), join(folder, "file"), join(folder, "why")];
  await Promise.all([writeFile(ours, wanted), writeFile(file, text), writeFile(why, "")]);
  const variables = ["target=containerd", `alone=${isAlone ? "alone" : "no"}`, `why=${why}`].flatMap((value) => [
    "-v",
    value,
  ]);
  const path = join(import.meta.dir, "../script", program);
  const { stdout, stderr, exitCode } = Bun.spawnSync([...awk, ...variables, "-f", path, ours, file], {
    env: { ...process.env, LC_ALL: "C" },
  });
  expect(stderr.toString()).toBe("");
  const reason = (await Bun.file(why).text()).trimEnd();
  if (exitCode === 0) return { kind: "merged", text: stdout.toString(), note: null };
  return exitCode === 3 ? { kind: "unchanged", note: null } : { kind: "impossible", reason };
}
