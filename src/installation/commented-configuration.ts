/** The first larder.yaml of a machine: what was asked for, and what people change first as comments. */
import { fullKey, type GivenSettings } from "../server/settings/given-settings.ts";
import { type SettingKey, SETTINGS } from "../server/settings/settings-table.ts";
import type { Setting } from "../server/settings/setting.ts";
import type { Plain } from "../server/settings/shapes.ts";
import { CONFIGURATION_FILE, DATA_FOLDER } from "./places.ts";

/** A line of the file. `isSaid`: it counts; else it is a comment that shows how it would be said. */
type Line = {
  readonly path: readonly string[];
  readonly value: Plain;
  readonly help: string;
  readonly isSaid: boolean;
};

/** What people change first, in the order of the file, each with an example, or what it is anyway (null). */
const SHOWN: readonly (readonly [SettingKey, Plain | null])[] = [
  ["http", [":80", "127.0.0.1:5000"]],
  ["https", [":443"]],
  ["dns", [":53"]],
  ["standardPorts", true],
  ["tls.cert", "/etc/larder/larder.crt"],
  ["tls.key", "/etc/larder/larder.key"],
  ["names", ["registry.example"]],
  ["data", DATA_FOLDER],
  ["maxSize", "200GB"],
  ["keepFree", "5%"],
  ["standIn", null],
  ["unqualified", null],
  ["tags", null],
  ["offline", true],
  ["resolvers", ["9.9.9.9"]],
  ["credentials", "/etc/larder/config.json"],
  ["upstreams.HOST.endpoint", "http://10.0.0.9:5000"],
  ["upstreams.HOST.mirrors", ["https://mirror.registry.example"]],
  ["upstreams.HOST.username", "puller"],
  ["upstreams.HOST.passwordFile", "/etc/larder/puller-password"],
  ["auth.htpasswd", "/etc/larder/htpasswd"],
  ["auth.rules", [{ subject: "ci", allow: ["pull", "push"], names: ["team/**"] }]],
  ["open", true],
  ["trustedProxies", ["127.0.0.2"]],
  ["log", "warning"],
];

/** The registry whose settings the examples show. */
const EXAMPLE_HOST = "registry.example";

/** Those that say where larder listens; with any of them, the usual address is not written down. */
const LISTENERS: readonly SettingKey[] = ["http", "https", "standardPorts"];

/**
 * The text of a larder.yaml that says `given` and shows what people change first, each with the help of the table of
 * settings. The data folder is the machine's (`/var/lib/larder`) unless another one is given.
 */
export function commentedConfiguration(given: GivenSettings): string {
  const lines = linesOf(given);
  const groups = [...new Set(lines.map(({ path }) => path[0] ?? ""))];
  const sections = groups.map((group) => section(lines.filter(({ path }) => path[0] === group)));
  return `${HEAD}\n${sections.join("\n")}`;
}

const HEAD = `# larder's settings. A line behind a # shows what could be said; what is not said is as larder thinks best.
#   larder config check ${CONFIGURATION_FILE}   is this file good?
#   systemctl reload larder                      has it read again (OpenRC: rc-service larder reload);
#                                                addresses and the data folder need a restart
#   larder serve --help                          all settings
`;

function linesOf(given: GivenSettings): readonly Line[] {
  const said = new Map([...given.values()].map((one) => [fullKey(one.key, one.host), plainOf(one.key, one.value)]));
  if (!said.has("data")) said.set("data", DATA_FOLDER);
  if (!LISTENERS.some((key) => said.has(key))) said.set("http", plainOf("http", SETTINGS.http.default));
  const saysOfHosts = [...said.keys()].some((name) => name.startsWith("upstreams."));
  const shown = SHOWN.flatMap(([key, example]): Line[] => {
    if (key.includes(".HOST.")) return saysOfHosts ? [] : [shownLine(key, example)];
    const value = said.get(key);
    return value === undefined ? [shownLine(key, example)] : [line(key, null, value)];
  });
  const further = [...given.values()]
    .filter(({ key }) => key.includes(".HOST.") || !SHOWN.some(([one]) => one === key))
    .map((one) => line(one.key, one.host, plainOf(one.key, one.value)));
  return [...shown, ...further];
}

function plainOf(key: SettingKey, value: unknown): Plain {
  return (SETTINGS[key] as Setting).shape.toPlain(value);
}

function shownLine(key: SettingKey, example: Plain | null): Line {
  const value = example ?? plainOf(key, SETTINGS[key].default);
  return { ...line(key, EXAMPLE_HOST, value), isSaid: false };
}

function line(key: SettingKey, host: string | null, value: Plain): Line {
  const path = key.split(".").map((part) => (part === "HOST" ? (host ?? part) : part));
  return { path, value, help: SETTINGS[key].help, isSaid: true };
}

/** The lines of one key or one group, which stands in the file when one of its lines counts. */
function section(lines: readonly Line[]): string {
  const isSaid = lines.some((one) => one.isSaid);
  const text: string[] = [];
  let open: readonly string[] = [];
  for (const one of lines) {
    const mark = isSaid && one.isSaid ? "" : "#";
    const groups = one.path.slice(0, -1);
    const shared = groups.findIndex((part, index) => open[index] !== part);
    for (let depth = shared === -1 ? groups.length : shared; depth < groups.length; depth++) {
      text.push(`${isSaid ? "" : "#"}${indent(depth)}${inline(groups[depth] ?? "")}:`);
    }
    open = groups;
    const depth = groups.length;
    text.push(`${depth === 0 ? "" : isSaid ? "" : "#"}${indent(depth)}# ${one.help}`);
    text.push(`${mark}${indent(depth)}${inline(one.path.at(-1) ?? "")}: ${inline(one.value)}`);
  }
  return `${text.join("\n")}\n`;
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}

/** In one line of YAML, without quotes where nobody can take it for anything but text. */
function inline(value: Plain): string {
  if (typeof value === "string") return PLAIN_TEXT.test(value) ? value : JSON.stringify(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `[${(value as readonly Plain[]).map(inline).join(", ")}]`;
  const members = Object.entries(value).map(([key, member]) => `${inline(key)}: ${inline(member)}`);
  return `{ ${members.join(", ")} }`;
}

const PLAIN_TEXT = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)(?:[a-z/][\w./-]*|\d+[a-z]+)$/i;
