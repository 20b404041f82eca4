import { expect, test } from "bun:test";
import type { Namespace } from "../../oci/repository-name.ts";
import { parseConfiguration } from "./configuration-file.ts";
import { contradictionsWithin } from "./contradictions.ts";
import { type Settings, settingsFrom } from "./settings.ts";

const NOTHING = settingsFrom(new Map());

/** What a file changes of the defaults. */
function changed(text: string): Partial<Settings> {
  const { given, problems } = parseConfiguration(text, "larder.yaml");
  expect(problems).toEqual([]);
  const settings = settingsFrom(given);
  const isChanged = (key: string) => !Bun.deepEquals(settings[key as keyof Settings], NOTHING[key as keyof Settings]);
  return Object.fromEntries(Object.entries(settings).filter(([key]) => isChanged(key)));
}

function problemsOf(text: string): readonly string[] {
  const { given, problems } = parseConfiguration(text, "larder.yaml");
  return [...problems, ...contradictionsWithin(given)];
}

test("all keys are read, in one value or in a list", () => {
  const text = `
http: [":80", "[::1]:5000"]
https: :443
tls: { mode: auto, constraints: true }
dns: ["10.0.0.5:53"]
dnsOpen: true
addresses: [10.0.0.5, "FD00::5"]
data: /var/lib/larder
standIn: [docker.io, registry-1.docker.io, quay.io]
unqualified: ghcr.io
open: true
gc: { grace: 10m, every: 1h }
log: debug
`;
  expect(changed(text)).toEqual({
    http: [
      { host: null, port: 80 },
      { host: "::1", port: 5000 },
    ],
    https: [{ host: null, port: 443 }],
    tls: { mode: "auto", constraints: true },
    dns: [{ host: "10.0.0.5", port: 53 }],
    dnsOpen: true,
    addresses: ["10.0.0.5", "fd00::5"],
    data: "/var/lib/larder",
    standIns: ["docker.io", "docker.io", "quay.io"] as Namespace[],
    unqualified: ["ghcr.io"] as Namespace[],
    open: true,
    gcGraceMs: 600_000,
    gcIntervalMs: 3_600_000,
    logLevel: "debug",
  });
});

test("an empty file changes nothing", () => {
  for (const text of ["# all defaults\n", "", "---\n", "\uFEFF", "{}"]) expect(changed(text)).toEqual({});
});

test("a certificate from files, and all standard ports", () => {
  expect(changed("standardPorts: true\ntls: { cert: /a.crt, key: /a.key }\n")).toEqual({
    http: [{ host: null, port: 80 }],
    https: [{ host: null, port: 443 }],
    dns: [{ host: null, port: 53 }],
    tls: { mode: "files", certPath: "/a.crt", keyPath: "/a.key" },
  });
});

test.each([
  ["an unknown key", "http: ':80'\nhtpp: ':81'\n", 'larder.yaml:2: "htpp" is not a key'],
  ["an unknown inner key", "gc:\n  grace: 1h\n  graze: 2h\n", 'larder.yaml:3: "gc.graze" is not a key'],
  ["a wrong type", "data: /x\nopen: maybe\n", "larder.yaml:2: open: must be true or false"],
  ["a bad address", "http:\n  - ':80'\n  - 'nonsense'\n", 'larder.yaml:3: http: "nonsense" is not an address'],
  ["a port alone", "http: 5000\n", "larder.yaml:1: http: 5000 is not an address"],
  ["a bad duration", "shutdown: soon\n", 'larder.yaml:1: shutdown: "soon" is not a duration'],
  ["a clock that would not stand still", "gc: { every: 0s }\n", 'gc.every: "0s" is not a duration of 1s to 24d'],
  ["a clock that no timer has", "gc: { every: 30d }\n", 'gc.every: "30d" is not a duration of 1s to 24d'],
  ["an end that no timer has", "shutdown: 25d\n", 'shutdown: "25d" is not a duration of 0s to 24d'],
  [
    "a password in a URL",
    "upstreams: { quay.io: { endpoint: 'https://me:hunter/2@quay.io' } }\n",
    'upstreams.quay.io.endpoint: "https://…@quay.io" is not a URL',
  ],
  ["a list where keys belong", "- http\n", "larder.yaml:1: the file must be a list of keys and values"],
  ["a scalar where keys belong", "gc: 5m\n", "larder.yaml:1: gc must be a list of keys and values"],
  ["broken YAML", "http: [\n", "larder.yaml:2: "],
  ["half of a certificate", "open: true\ntls: { cert: /a }\n", "larder.yaml:2: tls.cert and tls.key belong together"],
  ["two kinds of certificate", "tls: { mode: auto, cert: /a, key: /b }\n", "keep one of them"],
  ["an unknown kind of certificate", "tls: { mode: acme }\n", "larder.yaml:1: tls.mode: must be auto"],
  ["an address with a zone", "addresses: fe80::1%eth0\n", 'addresses: "fe80::1%eth0" is not an IP address'],
  ["a key twice", "open: true\nopen: false\n", "larder.yaml:2: "],
])("%s is refused with its line", (_, text, message) => {
  expect(problemsOf(text).join("\n")).toContain(message);
  expect(problemsOf(text)).toHaveLength(1);
});
