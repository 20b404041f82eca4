import { expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import { NO_CAUSE } from "../storage/events.ts";
import { memoryMetadata } from "../storage/memory/metadata-memory.ts";
import type { ManifestPut } from "../storage/metadata.ts";
import type { LogFields, LogLevel } from "../telemetry/log.ts";
import { logEvents } from "./log-events.ts";

const NGINX = "docker.io/library/nginx" as RepositoryName;
const digest = digestOf("nginx");
const put: ManifestPut = {
  manifest: { digest, mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from("nginx") },
  requiredBlobs: [],
  borrowFrom: [],
  requiredManifests: [],
  references: [],
  subject: null,
  tags: ["1.27" as Tag],
  kind: "pushed",
  isPart: false,
  atMs: 1,
};

test("the log tells what was pushed, cached, removed and collected, and by whom", async () => {
  const { manifests, tags, events } = memoryMetadata();
  const lines: [LogLevel, string, LogFields | undefined][] = [];
  const end = logEvents(events, { write: (...line) => lines.push(line as [LogLevel, string, LogFields]) });
  const cause = { who: null, from: "127.0.0.1", requestId: "r-1" };
  await manifests.putManifest(NGINX, { ...put, cause, sizeBytes: 12_000_000 });
  await manifests.putManifest(NGINX, { ...put, kind: "cached" });
  await manifests.putManifest(NGINX, { ...put, kind: "cached", tags: [] });
  await tags.deleteTag(NGINX, "1.27" as Tag, false, 2, { ...cause, who: "ann" });
  await manifests.deleteManifest(NGINX, digest, false, 3);
  const what = { repository: null, tag: null, digest: null, mediaType: null };
  await events.append({ ...NO_CAUSE, ...what, atMs: 4, kind: "collected", sizeBytes: 7 });
  end();
  await manifests.putManifest(NGINX, put);
  const name = "docker.io/library/nginx";
  expect(lines).toEqual([
    ["info", "pushed", { image: `${name}:1.27`, digest, bytes: 12_000_000, by: "127.0.0.1", requestId: "r-1" }],
    ["info", "cached", { image: `${name}:1.27`, digest }],
    ["debug", "cached", { image: `${name}@${digest}` }],
    ["info", "removed", { image: `${name}:1.27`, digest, by: "ann", requestId: "r-1" }],
    ["info", "removed", { image: `${name}@${digest}` }],
    ["info", "collected", { bytes: 7 }],
  ]);
});
