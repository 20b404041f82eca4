import { expect, test } from "bun:test";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { PageSessionStore } from "../../storage/page-sessions.ts";
import { parseGrant } from "../grant.ts";
import type { Principal } from "../principal.ts";
import { PageSessions } from "./page-sessions.ts";

const HOUR_MS = 3_600_000;
const ANN: Principal = { kind: "user", name: "ann", grants: [parseGrant("*:**")], generation: "g1" };
const VISITOR = { who: null, from: "10.0.0.7", requestId: "r-1", userAgent: "Browser/1\u0000\n (X11)" };

function lab(store = memoryMetadata().pageSessions) {
  const clock = { ms: 1_800_000_000_000 };
  const gone = new Set<string>();
  const recall = async (principal: Principal) => ("name" in principal && gone.has(principal.name) ? null : principal);
  return { clock, gone, store, sessions: new PageSessions({ store, recall, now: () => clock.ms }) };
}

test("a secret opens its session, for this larder and for others of the store; what is kept opens nothing", async () => {
  const { sessions, store } = lab();
  const { secret, session } = await sessions.begin(ANN, VISITOR);
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(await sessions.find(secret)).toMatchObject({ id: session.id, principal: ANN });
  expect(await lab(store).sessions.find(secret)).toMatchObject({ principal: ANN });
  const [stored] = await store.list({ name: "ann", before: null, limit: 1 });
  expect(stored).toMatchObject({ from: "10.0.0.7", userAgent: "Browser/1 (X11)" });
  expect(JSON.stringify(stored)).not.toContain(secret);
  for (const other of [stored?.secretHash ?? "", session.id, `${secret}=`, secret.slice(1), ""]) {
    expect(await sessions.find(other)).toBeNull();
  }
});

test("it is over when it was not used for half a day, and after a week in any case", async () => {
  const { sessions, clock } = lab();
  const begunMs = clock.ms;
  const { secret, session } = await sessions.begin(ANN, VISITOR);
  expect(session.expiresAtMs).toBe(begunMs + 12 * HOUR_MS);
  for (let used = 0; used < 15; used++) {
    clock.ms += 11 * HOUR_MS;
    expect(await sessions.find(secret)).toMatchObject({ principal: ANN });
    // Whether that was written down meanwhile makes no difference.
    if (used % 2 === 0) await sessions.save();
  }
  expect(session.lastsUntilMs).toBe(begunMs + 7 * 24 * HOUR_MS);
  clock.ms = session.lastsUntilMs;
  expect(await sessions.find(secret)).toBeNull();
  const idle = await sessions.begin(ANN, VISITOR);
  clock.ms += 12 * HOUR_MS;
  expect(await sessions.find(idle.secret)).toBeNull();
});

test("it is over with whom it is of, and with the token of a job", async () => {
  const { sessions, clock, gone } = lab();
  const { secret } = await sessions.begin(ANN, VISITOR);
  gone.add("ann");
  expect(await sessions.find(secret)).toBeNull();
  const expiresAtMs = clock.ms + 60_000;
  const job = await sessions.begin({ kind: "workload", provider: "ci", name: "x", claims: {}, expiresAtMs }, VISITOR);
  expect(job.session.expiresAtMs).toBe(expiresAtMs);
  clock.ms = expiresAtMs;
  expect(await sessions.find(job.secret)).toBeNull();
});

test("it is ended by whomever, and one of somebody who is gone is listed no more", async () => {
  const { sessions, store, gone } = lab();
  const { secret, session } = await sessions.begin(ANN, VISITOR);
  const other = await sessions.begin({ kind: "user", name: "bob" }, VISITOR);
  const listed = async () =>
    (await sessions.list({ name: null, before: null, limit: 10 })).sessions.map(({ id }) => id);
  expect(new Set(await listed())).toEqual(new Set([session.id, other.session.id]));
  expect(await sessions.ownerOf(session.id)).toBe("ann");
  const told: string[] = [];
  sessions.watch(session.id, () => told.push("unwatched"))();
  sessions.watch(session.id, () => told.push("ended"));
  gone.add("bob");
  expect(await listed()).toEqual([session.id]);
  expect(await lab(store).sessions.end(session.id, "ann", { ...VISITOR, who: "root" }, "session-ended")).toBe(true);
  expect(told).toEqual(["ended"]);
  expect(await sessions.find(secret)).toBeNull();
  expect(await sessions.end(session.id, "ann", VISITOR, "signed-out")).toBe(false);
  expect(await sessions.ownerOf(session.id)).toBeNull();
});

test("those that are over are swept, and a store that takes nothing keeps nobody from working", async () => {
  const { sessions, store, clock } = lab();
  await sessions.begin(ANN, VISITOR);
  clock.ms += 13 * HOUR_MS;
  const { secret } = await sessions.begin(ANN, VISITOR);
  await sessions.save();
  expect(await store.list({ name: null, before: null, limit: 10 })).toHaveLength(1);
  const full: PageSessionStore = {
    find: (hash) => store.find(hash),
    get: (id) => store.get(id),
    list: (query) => store.list(query),
    add: (session, audit) => store.add(session, audit),
    remove: (id, audit) => store.remove(id, audit),
    sweep: (...times) => store.sweep(...times),
    subscribe: () => () => {},
    noteUse: () => Promise.reject(new Error("full")),
  };
  const other = new PageSessions({ store: full, recall: async (principal) => principal, now: () => clock.ms });
  expect(await other.find(secret)).not.toBeNull();
  await other.save();
  expect(await other.find(secret)).not.toBeNull();
});
