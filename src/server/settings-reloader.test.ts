import { beforeEach, expect, test } from "bun:test";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { parseConfiguration } from "./settings/configuration-file.ts";
import type { EffectiveSettings } from "./settings/effective-settings.ts";
import { type Settings, settingsFrom } from "./settings/settings.ts";
import { until } from "../../test/until.ts";
import { SettingsReloader } from "./settings-reloader.ts";

let file: string;
let reads: number;
let applied: Settings[];
let lines: string[];
let refuse: string | null;
const parse = (): EffectiveSettings => {
  const { given, problems } = parseConfiguration(file, "l.yaml");
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { given, settings: settingsFrom(given) };
};
const reloader = () =>
  new SettingsReloader({
    started: parse(),
    read: async () => {
      reads += 1;
      return parse();
    },
    apply: async (settings) => {
      if (refuse !== null) throw new ConfigurationError(refuse);
      applied.push(settings);
    },
    log: {
      write: (level, message, fields) => void lines.push([level, message, ...Object.values(fields ?? {})].join(" ")),
    },
  });
beforeEach(() => {
  [file, reads, applied, lines, refuse] = ["", 0, [], [], null];
});

test("what has changed is applied, and the log says what", async () => {
  const one = reloader();
  file = "tags: 1m\nstandIn: quay.io\nhttp: ':81'\n";
  await one.reload();
  expect(applied).toMatchObject([{ tagLifetimeMs: 60_000, standIns: ["quay.io"], http: [{ port: 5000 }] }]);
  expect(lines).toEqual([
    "warning a setting has changed that needs a restart http listeners are opened at the start",
    "info the settings were read again, and changed tags,standIn",
  ]);
});

test("a file with mistakes changes nothing, and the log has every one", async () => {
  const one = reloader();
  file = "tags: soon\nopne: true\n";
  await one.reload();
  expect(applied).toEqual([]);
  expect(lines.map((line) => line.slice(0, 50))).toEqual([
    "error the settings stay as they are l.yaml:1: tags",
    'error the settings stay as they are l.yaml:2: "opn',
  ]);
  file = "tags: 1m\n";
  await one.reload();
  expect(applied).toHaveLength(1);
});

test("what cannot be applied is tried again by the next one", async () => {
  const one = reloader();
  [file, refuse] = ["tags: 1m\n", "cannot read /ca"];
  await one.reload();
  expect(lines).toEqual(["error the settings stay as they are cannot read /ca"]);
  refuse = null;
  await one.reload();
  expect(lines.at(-1)).toBe("info the settings were read again, and changed tags");
});

test("many at once are the one that is going on and one more", async () => {
  const one = reloader();
  await Promise.all(Array.from({ length: 50 }, () => one.reload()));
  expect(reads).toBe(1);
  const first = one.reload();
  await until("the second has begun", () => reads === 2);
  await Promise.all([first, ...Array.from({ length: 50 }, () => one.reload())]);
  expect(reads).toBe(3);
  expect(applied).toHaveLength(3);
});
