import { expect, test } from "bun:test";
import { stringify } from "yaml";
import type { NotificationEndpoint } from "../../registry/notifications/endpoint.ts";
import { parseConfiguration } from "./configuration-file.ts";
import { notificationEndpoints, shownEndpoints } from "./notification-shape.ts";

function read(endpoints: unknown) {
  const { given, problems } = parseConfiguration(stringify({ notifications: { endpoints } }), "larder.yaml");
  return { problems, endpoints: given.get("notifications.endpoints")?.value as readonly NotificationEndpoint[] };
}

const problemsOf = (text: string) =>
  parseConfiguration(`notifications:\n  endpoints:\n${text}`, "larder.yaml").problems;

test("a name and a URL are enough: the rest is as with registry:2", () => {
  const { problems, endpoints } = read([{ name: "ci", url: "http://ci.example:8080/hook?token=x" }]);
  expect(problems).toEqual([]);
  expect(endpoints).toEqual([
    {
      name: "ci",
      url: "http://ci.example:8080/hook?token=x",
      headers: {},
      format: "registry2",
      timeoutMs: 1000,
      threshold: 10,
      backoffMs: 1000,
      isDisabled: false,
      caFile: null,
      secretFile: null,
      signatureHeader: "X-Larder-Signature-256",
      kinds: ["push", "pull", "mount", "delete"],
      wantsBlobs: true,
      images: [],
      ignoredMediaTypes: [],
    },
  ]);
});

test("everything that can be said is read, and written as it is read", () => {
  const { problems, endpoints } = read([
    {
      name: "a",
      url: "https://u:p@a.example/",
      headers: { Authorization: ["Bearer x"], "X-A": "1" },
      timeout: "500ms",
      threshold: 3,
      backoff: "2s",
      disabled: true,
      ca: "/ca.pem",
      blobs: false,
      images: ["team/**:v*", "docker.io/nginx"],
      ignore: { mediaTypes: ["application/octet-stream"], actions: ["pull"] },
    },
    { name: "b", url: "https://b.example/", format: "cloudevents", secretFile: "/s", kinds: "evict" },
    { name: "c", url: "https://c.example/", format: "cloudevents" },
  ]);
  expect(problems).toEqual([]);
  expect(endpoints.map(({ kinds }) => kinds)).toEqual([
    ["push", "mount", "delete"],
    ["evict"],
    ["push", "mount", "delete", "cache", "evict", "verify-failed", "upstream-down", "upstream-up"],
  ]);
  expect(endpoints[0]).toMatchObject({
    headers: { Authorization: "Bearer x", "X-A": "1" },
    images: ["local/team/**:v*", "docker.io/library/nginx"],
  });
  expect(read(notificationEndpoints.toPlain(endpoints)).endpoints).toEqual(endpoints);
});

test("what is wrong is told with the endpoint, its key and its line, and without secrets", () => {
  const problems = problemsOf(
    [
      "    - name: a",
      "      url: 'ftp://me:hunter2@a.example'",
      "      timeout: 5",
      "      treshold: 3",
      "    - url: http://b.example",
      "      headers:",
      "        Host: x",
      "        X-Key: [1]",
      "    - name: a",
      "      url: http://a.example",
      "      kinds: [cache]",
      "      images: ['Team/x']",
      "      ignore: { action: [pull] }",
      "    - nothing",
    ].join("\n"),
  );
  const told: readonly [number, string][] = [
    [4, "a: url must say where"],
    [5, "a: timeout must be a duration of 1ms to 1m"],
    [6, 'a: "treshold" is no key of an endpoint; did you mean threshold?'],
    [7, "endpoint 2: name must say"],
    [9, "endpoint 2: headers: larder itself sends Host"],
    [10, "endpoint 2: headers: X-Key must be a text"],
    [11, "two endpoints are called a"],
    [13, 'a: kinds: "cache" is none of push, pull, mount, delete'],
    [14, 'a: images: "Team/x" is not a pattern'],
    [15, 'a: ignore: "action" is no key of ignore; did you mean actions?'],
    [16, "endpoint 4: must be keys and values"],
  ];
  for (const [line, text] of told) {
    expect(
      problems.filter((one) => one.startsWith(`larder.yaml:${line}: notifications.endpoints: ${text}`)),
    ).toHaveLength(1);
  }
  expect(problems.join("\n")).not.toContain("hunter2");
});

test("a signature may stand in the header that others look for, if there is one", () => {
  const of = (more: object) => [{ name: "a", url: "http://a.example", format: "cloudevents", ...more }];
  const { endpoints } = read(of({ secretFile: "/s", signatureHeader: "X-Signature" }));
  expect(endpoints[0]?.signatureHeader).toBe("X-Signature");
  expect(read(notificationEndpoints.toPlain(endpoints)).endpoints).toEqual(endpoints);
  const told = (lines: string) => problemsOf(`    - name: a\n      url: http://a.example\n${lines}`).join();
  expect(told("      signatureHeader: X-Signature")).toContain("is of use with a secretFile alone");
  expect(told("      secretFile: /s\n      signatureHeader: Host")).toContain("must be the name of a header");
  expect(told("      secretFile: /s\n      signatureHeader: 'a b'")).toContain("must be the name of a header");
});

test("what people see has no secrets", () => {
  const { endpoints } = read([
    { name: "a", url: "https://me:hunter2@a.example/hook?token=hunter3", headers: { Authorization: "Bearer hunter4" } },
  ]);
  const shown = JSON.stringify(shownEndpoints(endpoints));
  expect(shown).not.toContain("hunter");
  expect(shown).toContain("https://…@a.example/hook?…");
  expect(JSON.stringify(notificationEndpoints.toPlain(endpoints))).toContain("hunter4");
});
