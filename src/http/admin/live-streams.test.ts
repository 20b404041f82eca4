import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import type { LiveMessage } from "../../admin/live-schemas.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { nameOf } from "../../oci/repository.ts";
import { Changes } from "../../registry/live/changes.ts";
import { LiveFeed } from "../../registry/live/live-feed.ts";
import type { TransferList, TransferState } from "../../registry/live/transfer-watch.ts";
import { NO_CAUSE } from "../../storage/events.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { Traffic } from "../../storage/statistics.ts";
import { checkAnswer } from "./check-answer.ts";
import { type LiveStreamLimits, LiveStreams } from "./live-streams.ts";
import type { Standing } from "./standing.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const ADMINISTRATOR: Standing = { mayPull: undefined, isAdministrator: true };
const ANYBODY: Standing = { mayPull: undefined, isAdministrator: false };
/** May pull from what is called so alone. */
const teamOnly: Standing = { isAdministrator: false, mayPull: async (it) => nameOf(it).startsWith("local/team/") };

const NOTHING: Traffic = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

const settled = async () => {
  for (let round = 0; round < 50; round++) await Promise.resolve();
};

async function lab(limits: LiveStreamLimits = { inAll: 5, perClient: 3 }) {
  const { events } = memoryMetadata();
  const changes = new Changes();
  const moving: { list: TransferList; traffic: Traffic } = { list: { transfers: [], more: 0 }, traffic: NOTHING };
  const happen = (repository: string | null, kind: "pushed" | "collected" = "pushed") =>
    events.append({
      ...NO_CAUSE,
      atMs: 1,
      kind,
      repository: repository as RepositoryName | null,
      tag: null,
      digest: null,
      mediaType: null,
      sizeBytes: 5,
      who: "bob",
      from: "10.0.0.7",
    });
  await happen("local/earlier");
  const feed = new LiveFeed({
    events,
    changes,
    transfers: { look: () => moving.list },
    traffic: () => [moving.traffic],
    now: () => 5,
  });
  await feed.start();
  const sessions = new Map<string, () => void>();
  const watchSession = (id: string, ended: () => void) => {
    sessions.set(id, ended);
    return () => void sessions.delete(id);
  };
  const streams = new LiveStreams({ feed, limits, watchSession, check: (message) => checkAnswer("watch", message) });
  const open = async (
    look: () => Promise<Standing>,
    { client = "10.0.0.9", after = null as number | null, session = null as string | null } = {},
  ) => reading(await streams.open({ client, lastEventId: null, sessionId: () => session, look }, after));
  return { changes, happen, feed, streams, open, moving, sessions };
}

/** Reads a stream as it comes. */
function reading(body: ReadableStream<Uint8Array>) {
  let text = "";
  let end: "open" | "closed" | "broken" = "open";
  const reader = body.getReader();
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
  };
  void read().then(
    () => (end = "closed"),
    () => (end = "broken"),
  );
  return {
    text: () => text,
    end: () => end,
    leave: () => reader.cancel(),
    async messages(): Promise<readonly LiveMessage[]> {
      await settled();
      return [...text.matchAll(/^data: (.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as LiveMessage);
    },
  };
}

const imagesIn = (messages: readonly LiveMessage[]) =>
  messages.map((one) => (one.kind === "happened" ? one.image : one.kind === "changed" ? one.what : one.kind));

test("whoever watches is told what happens, and administrators who did it", async () => {
  const { open, happen, changes } = await lab();
  const [administrator, other] = [await open(async () => ADMINISTRATOR), await open(async () => ANYBODY)];
  await happen("local/app");
  changes.changed("pins");
  expect(imagesIn(await administrator.messages())).toEqual(["local/app@", "pins"]);
  expect(administrator.text()).toContain('"who":"bob","from":"10.0.0.7"');
  expect(imagesIn(await other.messages())).toEqual(["local/app@", "pins"]);
  expect(other.text()).not.toMatch(/bob|10\.0\.0\.7/);
});

test("what somebody may not pull is not told them, and the rest stays in its order", async () => {
  const { open, happen, changes } = await lab();
  const stream = await open(async () => teamOnly);
  await happen("local/team/a");
  await happen("quay.io/secret/b");
  await happen(null, "collected");
  changes.changed("offline");
  await happen("local/team/c");
  expect(imagesIn(await stream.messages())).toEqual(["local/team/a@", "offline", "local/team/c@"]);
});

test("who comes back is told what they missed, once, and what changed meanwhile", async () => {
  const { open, happen, feed, changes } = await lab();
  await happen("local/a");
  const seen = feed.lastEventId;
  await happen("local/b");
  changes.changed("lists");
  await happen("local/c");
  const opening = open(async () => ANYBODY, { after: seen });
  await happen("local/d");
  const stream = await opening;
  await happen("local/e");
  const told = imagesIn(await stream.messages());
  expect(told.filter((one) => one !== "lists")).toEqual(["local/b@", "local/c@", "local/d@", "local/e@"]);
  expect(told).toContain("lists");
  expect(stream.text()).toContain(`\nid: ${feed.lastEventId}\n`);
});

test.each([
  ["was away while too much happened", 2, 1100],
  ["was told of what this store has not seen", 999_999, 1],
])("who %s is told to ask for everything", async (_, after, times) => {
  const { open, happen } = await lab();
  for (let time = 0; time < times; time++) await happen("local/a");
  const stream = await open(async () => ANYBODY, { after });
  expect(imagesIn(await stream.messages())).toEqual(["everything"]);
});

test("who saw larder before it was started anew is told what happened, and to ask for the rest", async () => {
  const { open, feed } = await lab();
  const stream = await open(async () => ANYBODY, { after: feed.lastEventId - 1 });
  expect(imagesIn(await stream.messages())).toEqual(["local/earlier@", "everything"]);
});

test("a silent stream beats, ends after some minutes, and costs no timer when nobody listens", async () => {
  const { open, streams } = await lab();
  const stream = await open(async () => ANYBODY);
  jest.advanceTimersByTime(31_000);
  await settled();
  expect(stream.text().match(/^:$/gm)).toHaveLength(2);
  for (let minute = 0; minute < 13; minute++) {
    jest.advanceTimersByTime(60_000);
    await settled();
  }
  expect(stream.end()).toBe("closed");
  expect(streams.size).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

test("who reads too slowly is cut off, and others are not", async () => {
  const { happen, streams, open } = await lab();
  const slow = await streams.open(
    { client: "slow", lastEventId: null, sessionId: () => null, look: async () => ANYBODY },
    null,
  );
  const quick = await open(async () => ANYBODY);
  for (let time = 0; time < 3000; time++) {
    await happen("local/a");
    await settled();
  }
  expect(streams.size).toBe(1);
  await expect(slow.getReader().read()).rejects.toThrow("slowly");
  expect(await quick.messages()).toHaveLength(3000);
});

test("so many streams are open at once, and of one client, and no more", async () => {
  const { open, streams } = await lab();
  const first = await open(async () => ANYBODY);
  for (let more = 0; more < 2; more++) await open(async () => ANYBODY);
  const refused = await open(async () => ANYBODY).catch((error: unknown) => error as RegistryError);
  expect(refused).toMatchObject({ code: "UNAVAILABLE", retryAfterSeconds: 30 });
  expect((refused as RegistryError).message).toContain("one address");
  for (const client of ["10.0.0.1", "10.0.0.2"]) await open(async () => ANYBODY, { client });
  await expect(open(async () => ANYBODY, { client: "10.0.0.3" })).rejects.toThrow("5 clients");
  await first.leave();
  expect(streams.size).toBe(4);
  await open(async () => ANYBODY);
});

test("whose session ends is told nothing more, at once when people change and by and by else", async () => {
  const { open, changes, happen } = await lab();
  let isOver = false;
  const look = async () => {
    if (isOver) throw new RegistryError("UNAUTHORIZED", "over");
    return ANYBODY;
  };
  const [one, two] = [await open(look), await open(async () => ANYBODY)];
  isOver = true;
  changes.changed("accounts");
  await settled();
  await happen("local/a");
  expect(imagesIn(await one.messages())).toEqual(["accounts"]);
  expect([one.end(), two.end()]).toEqual(["closed", "open"]);
  isOver = false;
  const three = await open(look);
  isOver = true;
  jest.advanceTimersByTime(61_000);
  await settled();
  expect(three.end()).toBe("closed");
});

test("whose rights change sees by them from then on", async () => {
  const { open, changes, happen } = await lab();
  let standing = ANYBODY;
  const stream = await open(async () => standing);
  await happen("local/a");
  standing = teamOnly;
  changes.changed("settings");
  await settled();
  await happen("local/b");
  await happen("local/team/c");
  expect(imagesIn(await stream.messages())).toEqual(["local/a@", "settings", "local/team/c@"]);
});

test("all streams end when larder stops, and none begins", async () => {
  const { open, streams } = await lab();
  const stream = await open(async () => ANYBODY);
  streams.stop();
  await settled();
  expect(stream.end()).toBe("closed");
  await expect(open(async () => ANYBODY)).rejects.toThrow("stops");
});

const pullOf = (repository: string, bytes: number): TransferState => ({
  kind: "pull",
  id: `pull-${repository}`,
  repository: repository as RepositoryName,
  startedAtMs: 1,
  bytes,
  sizeBytes: 100,
  bytesPerSecond: 7,
  client: { who: "bob", from: "10.0.0.7", agent: { runtime: "containerd", version: "2.1.4" } },
  reference: "1",
  source: "disk",
  layers: 2,
  layersDone: 1,
  layersInAll: null,
  isDone: false,
});

const transfersIn = (messages: readonly LiveMessage[]) =>
  messages.flatMap((one) => (one.kind === "transfers" ? [one.transfers.map(({ repository }) => repository)] : []));

test("what is on its way is told once a second while it moves, of what one may pull, and to who comes later", async () => {
  const { open, moving } = await lab();
  const [administrator, limited] = [await open(async () => ADMINISTRATOR), await open(async () => teamOnly)];
  moving.list = { transfers: [pullOf("local/team/a", 5), pullOf("quay.io/b", 5)], more: 3 };
  jest.advanceTimersByTime(3000);
  moving.list = { transfers: [pullOf("local/team/a", 6), pullOf("quay.io/b", 5)], more: 3 };
  jest.advanceTimersByTime(1000);
  const later = await open(async () => ANYBODY);
  expect(transfersIn(await administrator.messages())).toEqual([
    ["local/team/a", "quay.io/b"],
    ["local/team/a", "quay.io/b"],
  ]);
  expect(administrator.text()).toContain('"from":"10.0.0.7","runtime":"containerd"');
  expect(transfersIn(await limited.messages())).toEqual([["local/team/a"], ["local/team/a"]]);
  expect(limited.text()).not.toMatch(/quay|"more":3|bob|10\.0\.0\.7|containerd/);
  expect(transfersIn(await later.messages())).toEqual([["local/team/a", "quay.io/b"]]);
});

test("what was answered in the last second is told, and nothing where nothing was", async () => {
  const { open, moving } = await lab();
  const stream = await open(async () => ANYBODY);
  jest.advanceTimersByTime(2000);
  moving.traffic = { ...NOTHING, hits: 5, bytesFromDisk: 10 };
  jest.advanceTimersByTime(3000);
  const told = (await stream.messages()).filter(({ kind }) => kind === "traffic");
  expect(told).toEqual([{ kind: "traffic", atMs: 5, overMs: 0, ...NOTHING, hits: 5, bytesFromDisk: 10 }]);
});

test("nothing is looked at while nobody watches", async () => {
  const { open, moving } = await lab();
  let looks = 0;
  Object.defineProperty(moving, "list", { get: () => (looks++, { transfers: [], more: 0 }) });
  jest.advanceTimersByTime(5000);
  expect(looks).toBe(0);
  const stream = await open(async () => ANYBODY);
  jest.advanceTimersByTime(3000);
  expect(looks).toBe(4);
  await stream.leave();
  jest.advanceTimersByTime(5000);
  expect(looks).toBe(4);
  expect(jest.getTimerCount()).toBe(0);
});

test("who signs out is told nothing more, at once", async () => {
  const { open, sessions, happen } = await lab();
  const [mine, others] = [await open(async () => ANYBODY, { session: "1" }), await open(async () => ANYBODY)];
  sessions.get("1")?.();
  await settled();
  await happen("local/a");
  expect([mine.end(), await mine.messages()]).toEqual(["closed", []]);
  expect(imagesIn(await others.messages())).toEqual(["local/a@"]);
  expect(sessions.size).toBe(0);
});
