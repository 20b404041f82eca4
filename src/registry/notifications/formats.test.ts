import { expect, test } from "bun:test";
import { NO_CAUSE } from "../../storage/events.ts";
import type { Happening } from "../../storage/deliveries.ts";
import { cloudEvent } from "./cloud-event.ts";
import { endpointOf, pushOf } from "./notice.fixture.ts";
import { noticeOf, noticesOf } from "./notice.ts";
import { registryEnvelope } from "./registry-envelope.ts";
import { WantedNotices } from "./wanted-notices.ts";

const SENDER = { addr: "registry.lan:5000", instanceId: "i" };
const REQUEST = { method: "PUT", host: "h:5000", userAgent: "skopeo", repositoryUrl: "http://h:5000/v2/team/app" };
const DIGEST = pushOf("v1").digest;

test("names are as clients write them, and what is not known is left out", () => {
  const push = pushOf("v1", { who: "ann", from: "10.0.0.9", requestId: "r", request: REQUEST });
  const { contentType, body } = registryEnvelope("registry3", push, SENDER, [
    { mediaType: "m", size: 3, digest: "sha256:x" as never, annotations: {} },
  ]);
  expect(contentType).toBe("application/vnd.docker.distribution.events.v2+json");
  expect(JSON.parse(body)).toEqual({
    events: [
      {
        id: push.id,
        timestamp: "1970-01-01T00:00:00.000Z",
        action: "push",
        target: {
          mediaType: push.mediaType,
          size: 7,
          digest: DIGEST,
          length: 7,
          repository: "team/app",
          url: `http://h:5000/v2/team/app/manifests/${DIGEST}`,
          tag: "v1",
          references: [{ mediaType: "m", size: 3, digest: "sha256:x" }],
        },
        request: { id: "r", addr: "10.0.0.9", host: "h:5000", method: "PUT", useragent: "skopeo" },
        actor: { name: "ann" },
        source: { addr: "registry.lan:5000", instanceID: "i" },
      },
    ],
  });
  const expired = pushOf("v1", { kind: "delete", repository: "docker.io/library/nginx" });
  const { events } = JSON.parse(registryEnvelope("registry2", expired, SENDER, null).body);
  expect(events[0]).toMatchObject({
    target: { repository: "docker.io/library/nginx", tag: "v1" },
    request: {},
    actor: {},
  });
  expect(events[0].target.digest).toBeUndefined();
});

test("a CloudEvent has the attributes that it needs, and a subject where there is one", () => {
  const event = (notice: Parameters<typeof cloudEvent>[0]) => JSON.parse(cloudEvent(notice, SENDER, null).body);
  const push = pushOf("v1", { request: REQUEST, sizeBytes: 99 });
  expect(event(push)).toEqual({
    specversion: "1.0",
    id: push.id,
    source: "//registry.lan:5000",
    type: "larder.image.push",
    time: "1970-01-01T00:00:00.000Z",
    subject: "team/app:v1",
    datacontenttype: "application/json",
    data: {
      kind: "push",
      repository: "team/app",
      tag: "v1",
      digest: DIGEST,
      mediaType: push.mediaType,
      size: 7,
      imageSize: 99,
      url: `http://h:5000/v2/team/app/manifests/${DIGEST}`,
      request: { method: "PUT", host: "h:5000", userAgent: "skopeo" },
    },
  });
  const down = noticeOf({ kind: "upstream-down", atMs: 0, upstream: "quay.io", problem: "silence" });
  expect(event(down)).toMatchObject({
    type: "larder.upstream.down",
    subject: "quay.io",
    data: { kind: "upstream-down", upstream: "quay.io", problem: "silence" },
  });
  const damaged = noticeOf({ kind: "verify-failed", atMs: 0, isBlob: true, digest: DIGEST });
  expect(event(damaged)).toMatchObject({ type: "larder.blob.verify-failed", subject: DIGEST });
});

test("a notice is for those whose kinds, images and media types it has", () => {
  const wants = (more: Parameters<typeof endpointOf>[0], notice: Parameters<WantedNotices["has"]>[0]) =>
    new WantedNotices(endpointOf(more)).has(notice);
  const blob = pushOf("", { isBlob: true, tag: null, mediaType: "application/octet-stream" });
  const look = pushOf("v1", { kind: "pull", request: { ...REQUEST, method: "HEAD" } });
  const down = noticeOf({ kind: "upstream-down", atMs: 0, upstream: "quay.io" });
  expect(wants({}, pushOf("v1"))).toBe(true);
  expect(wants({ isDisabled: true }, pushOf("v1"))).toBe(false);
  expect(wants({ kinds: ["delete"] }, pushOf("v1"))).toBe(false);
  expect(wants({ images: ["team/**:v*"] }, pushOf("v1"))).toBe(true);
  expect(wants({ images: ["team/**:v*"] }, pushOf("latest"))).toBe(false);
  expect(wants({ images: ["team/**:v*"] }, blob)).toBe(false);
  expect(wants({ images: ["quay.io/**", "team/*"] }, blob)).toBe(true);
  expect(wants({ wantsBlobs: false }, blob)).toBe(false);
  expect(wants({ ignoredMediaTypes: ["application/octet-stream"] }, blob)).toBe(false);
  expect(wants({}, look)).toBe(true);
  expect(wants({ format: "cloudevents" }, look)).toBe(false);
  expect(wants({ kinds: ["upstream-down"], images: ["team/**"] }, down)).toBe(true);
});

test("every kind of happening has its notice, or is nobody's business", () => {
  const happening: Happening = {
    kind: "pushed",
    atMs: 1,
    repository: "local/app" as never,
    tag: null,
    tags: ["a", "b"] as never,
    digest: DIGEST as never,
    mediaType: "m",
    contentBytes: null,
    sizeBytes: null,
    lender: null,
    cause: NO_CAUSE,
  };
  const kinds = (kind: Happening["kind"]) =>
    noticesOf({ ...happening, tags: [], kind }).map((one) => [one.kind, one.isBlob]);
  expect(kinds("pushed")).toEqual([["push", false]]);
  expect(kinds("blob-pushed")).toEqual([["push", true]]);
  expect(kinds("blob-mounted")).toEqual([["mount", true]]);
  expect([...kinds("removed"), ...kinds("expired"), ...kinds("blob-removed")]).toEqual([
    ["delete", false],
    ["delete", false],
    ["delete", true],
  ]);
  expect([...kinds("cached"), ...kinds("evicted")]).toEqual([
    ["cache", false],
    ["evict", false],
  ]);
  expect(kinds("damaged")).toEqual([["verify-failed", true]]);
  expect([...kinds("healed"), ...kinds("collected")]).toEqual([]);
  const removed = noticesOf({ ...happening, kind: "removed" });
  expect(removed.map(({ tag }) => tag)).toEqual([null, "a", "b"]);
  expect(new Set(removed.map(({ id }) => id)).size).toBe(3);
});
