import { expect, test } from "bun:test";
import { ownVariables } from "./environment-settings.ts";
import { settingsFrom } from "./settings.ts";

test("larder's own variables are the keys: lists by commas or blanks, HOSTs by blanks", async () => {
  const problems: string[] = [];
  const given = await ownVariables(
    {
      LARDER_HTTP: ":80, 127.0.0.1:5000",
      LARDER_GC_GRACE: "2h",
      LARDER_OPEN: "yes",
      LARDER_STAND_IN: "quay.io registry-1.docker.io",
      LARDER_UPSTREAMS_ENDPOINT: "quay.io=http://10.0.0.9 ghcr.io=http://10.0.0.8",
      LARDER_UPSTREAMS_MIRRORS: "quay.io=http://a quay.io=http://b",
      LARDER_DATA: "",
      LARDER_SERVICE_HOST: "10.1.1.1",
      LARDER_PORT: "tcp://10.1.1.1:5000",
    },
    problems,
  );
  expect(problems).toEqual([]);
  expect([...given.values()].map(({ origin }) => origin.kind)).toEqual(Array.from({ length: 7 }, () => "variable"));
  const settings = settingsFrom(given);
  expect(settings).toMatchObject({ gcGraceMs: 7_200_000, open: true, data: "./larder-data" });
  expect([settings.http, settings.standIns.map(String)]).toEqual([
    [
      { host: null, port: 80 },
      { host: "127.0.0.1", port: 5000 },
    ],
    ["quay.io", "docker.io"],
  ]);
  expect(settings.upstreams).toMatchObject([
    { namespace: "quay.io", endpoint: "http://10.0.0.9", mirrors: ["http://a", "http://b"] },
    { namespace: "ghcr.io", endpoint: "http://10.0.0.8", mirrors: [] },
  ]);
});

test("a secret is not repeated when it cannot be read", async () => {
  const problems: string[] = [];
  await ownVariables({ LARDER_UPSTREAMS_PASSWORD: "hunter2" }, problems);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain("LARDER_UPSTREAMS_PASSWORD");
  expect(problems[0]).not.toContain("hunter2");
});
