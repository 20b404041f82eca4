import { expect, test } from "bun:test";
import { Turns } from "../../lib/async/turns.ts";
import { digestOf } from "../../oci/digest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { putOf } from "../../storage/manifest-put.fixture.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { LogFields } from "../../telemetry/log.ts";
import type { Attempt } from "./attempt.ts";
import type { NotificationEndpoint } from "./endpoint.ts";
import { endpointOf, pushOf } from "./notice.fixture.ts";
import { Notifications } from "./notifications.ts";

const HERE = "local/team/app" as RepositoryName;
const DAY_MS = 86_400_000;

function open() {
  const metadata = memoryMetadata();
  const lines: [string, LogFields | undefined][] = [];
  const sent: string[] = [];
  let nowMs = 0;
  const notifications = new Notifications({
    store: metadata.deliveries,
    manifests: metadata.manifests,
    sender: () => ({ addr: "registry.lan:5000", instanceId: "i" }),
    turns: new Turns(),
    log: { write: (_, message, fields) => void lines.push([message, fields]) },
    clock: { now: () => nowMs, elapsed: () => nowMs },
  });
  const replace = (endpoints: readonly NotificationEndpoint[], includesReferences = false) => {
    const deliver = async ({ body }: { readonly body: string }): Promise<Attempt> => {
      sent.push(body);
      return { kind: "taken" };
    };
    const opened = endpoints.map((endpoint) => ({ endpoint, deliverer: { deliver }, setup: JSON.stringify(endpoint) }));
    notifications.replace(opened, includesReferences);
  };
  const push = async (tag: string) => {
    const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf("layer"), size: 5 };
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: layer,
      layers: [layer],
      annotations: { tag },
    };
    const bytes = Buffer.from(JSON.stringify(document));
    const manifest = { digest: digestOf(bytes), mediaType: MEDIA_TYPE.ociManifest, bytes };
    await metadata.manifests.putManifest(HERE, putOf(manifest, { tags: [tag as Tag] }));
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await Bun.sleep(1);
  };
  return { notifications, metadata, lines, sent, replace, push, until, passTime: (ms: number) => (nowMs += ms) };
}

test("what happens while larder stops waits for the next start", async () => {
  const { notifications, metadata, replace, push, sent } = open();
  replace([endpointOf()]);
  await notifications.stop();
  await push("v1");
  expect(sent).toEqual([]);
  expect(await metadata.deliveries.tallies()).toMatchObject([{ endpoint: "ci", waiting: 1 }]);
});

test("nobody is asked what is to be told while nobody wants to hear anything", async () => {
  const { notifications, metadata, replace, push } = open();
  replace([endpointOf({ isDisabled: true })]);
  expect(notifications.wantsPulls).toBe(false);
  await push("v1");
  expect(await metadata.deliveries.tallies()).toEqual([]);
  replace([endpointOf({ kinds: ["push"] })]);
  expect(notifications.wantsPulls).toBe(false);
  replace([endpointOf(), endpointOf({ name: "other", kinds: ["push"] })]);
  expect(notifications.wantsPulls).toBe(true);
  await notifications.stop();
});

test("what a manifest names is told where that is wanted, as long as it is here", async () => {
  const { notifications, replace, push, sent, until } = open();
  replace([endpointOf({ format: "cloudevents" })], true);
  await push("v1");
  await until(() => sent.length === 1);
  const size = { size: 5, digest: digestOf("layer") };
  expect(JSON.parse(sent[0] ?? "")).toMatchObject({ data: { references: [size, size] } });
  notifications.notePull(pushOf("gone", { kind: "pull" }));
  await until(() => sent.length === 2);
  expect(JSON.parse(sent[1] ?? "").data.references).toBeUndefined();
  await notifications.stop();
});

test("the queue of one that was taken out of the settings goes after a day, and that is said", async () => {
  const { notifications, metadata, replace, push, lines, passTime } = open();
  replace([endpointOf()]);
  await notifications.stop();
  await push("v1");
  replace([]);
  await notifications.housekeep();
  passTime(DAY_MS - 1);
  await notifications.housekeep();
  expect(await notifications.states()).toMatchObject([{ endpoint: "ci", waiting: 1, settings: null, worker: null }]);
  passTime(1);
  await notifications.housekeep();
  expect(await metadata.deliveries.tallies()).toEqual([]);
  expect(lines).toEqual([
    ["the queue of an endpoint that is not in the settings any more was dropped", { endpoint: "ci" }],
  ]);
});
