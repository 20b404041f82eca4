import { describe, expect, test } from "bun:test";
import { parseConfiguration } from "./configuration-file.ts";
import type { EffectiveSettings } from "./effective-settings.ts";
import { planReload } from "./reload-plan.ts";
import { ROWS, SETTINGS } from "./settings-table.ts";
import { settingsFrom } from "./settings.ts";

function effective(text: string): EffectiveSettings {
  const { given, problems } = parseConfiguration(text, "l.yaml");
  expect(problems).toEqual([]);
  return { given, settings: settingsFrom(given) };
}
const plan = (before: string, now: string) => planReload(effective(before), effective(now));

describe("settings that are read again", () => {
  test("change nothing when they say the same in other words", () => {
    const { taken, left } = plan("tags: 60s\nhttp: ':5000'\n", "# moved\ngc: {grace: 1h}\ntags: 1m\nupstreams: {}\n");
    expect({ taken, left }).toEqual({ taken: [], left: [] });
  });

  test("take effect where they can", () => {
    const { next, taken, left } = plan("tags: 1m\n", "standIn: quay.io\nupstreams: { a.example: { tags: 2m } }\n");
    expect(taken.toSorted()).toEqual(["standIn", "tags", "upstreams.a.example.tags"]);
    expect(left).toEqual([]);
    expect(next.settings).toMatchObject({ standIns: ["quay.io"], tagLifetimeMs: 300_000 });
    expect(next.settings.upstreams).toMatchObject([{ namespace: "a.example", tagLifetimeMs: 120_000 }]);
  });

  test("let a registry come and go that has nothing but its name", () => {
    expect(plan("", "upstreams: { a.example: {} }").taken).toEqual(["upstreams.a.example.mirrors"]);
    expect(plan("upstreams: { a.example: {} }", "").next.settings.upstreams).toEqual([]);
  });

  test("stay as they were where they need a restart, which is said each time until there was one", () => {
    const first = plan("http: ':80'\nopen: false\n", "http: ':81'\nopen: true\ntags: 1m\n");
    const both = [
      { key: "http", why: SETTINGS.http.restart },
      { key: "open", why: SETTINGS.open.restart },
    ];
    expect(first.left as unknown).toEqual(both);
    expect(first.taken).toEqual(["tags"]);
    expect(first.next.settings).toMatchObject({ http: [{ host: null, port: 80 }], open: false, tagLifetimeMs: 60_000 });
    const again = planReload(first.next, effective("http: ':81'\nopen: true\ntags: 1m\n"));
    expect([again.taken, again.left]).toEqual([[], first.left]);
    expect(planReload(first.next, effective("http: ':80'\ntags: 1m\n")).left).toEqual([]);
  });
});

test("every setting says whether it can change while larder runs; who may do what never does", () => {
  const restarts = ROWS.filter(([, { restart }]) => restart !== null).map(([key]) => key);
  for (const key of ["open", "delete", "dnsOpen", "http", "https", "dns", "data", "tls.cert"] as const) {
    expect(restarts).toContain(key);
  }
  for (const key of [
    "standIn",
    "unqualified",
    "upstreams.HOST.endpoint",
    "resolvers",
    "tags",
    "offline",
    "log",
  ] as const) {
    expect(restarts).not.toContain(key);
  }
});
