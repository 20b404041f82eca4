import { describe, expect, test } from "bun:test";
import type { NewAuditEntry } from "./audit.ts";
import type { MetadataStore } from "./metadata.ts";
import { PAGE_SESSIONS_LIMIT, type StoredPageSession } from "./page-sessions.ts";

/** What `page-sessions.ts` promises, for one implementation. */
export function pageSessionsContract(name: string, open: () => Promise<MetadataStore>): void {
  const withStore = (work: (store: MetadataStore) => Promise<void>) => async () => {
    const store = await open();
    await work(store).finally(() => store.close());
  };

  describe(name, () => {
    test(
      "a session is found by its hash until it is ended, and both are in the audit log",
      withStore(async ({ pageSessions, audit }) => {
        await pageSessions.add(session("S1", "ann"), did("signed-in", "ann"));
        expect(await pageSessions.find("hash of S1")).toEqual(session("S1", "ann"));
        expect([await pageSessions.find("hash of S2"), await pageSessions.find("S1")]).toEqual([null, null]);
        expect([await pageSessions.get("S1"), await pageSessions.get("S2")]).toEqual([session("S1", "ann"), null]);
        expect(await pageSessions.remove("S1", did("signed-out", "ann"))).toEqual(session("S1", "ann"));
        expect(await pageSessions.remove("S1", did("signed-out", "ann"))).toBeNull();
        expect(await pageSessions.find("hash of S1")).toBeNull();
        const entries = await audit.list({ before: null, sinceMs: 0, limit: 10 });
        expect(entries.map(({ action }) => action)).toEqual(["signed-out", "signed-in"]);
      }),
    );

    test(
      "they are listed in pages, the newest first, of all or of somebody",
      withStore(async ({ pageSessions }) => {
        for (const [id, who] of [
          ["S1", "ann"],
          ["S3", "ann"],
          ["S2", "bob"],
        ] as const)
          await pageSessions.add(session(id, who), did("signed-in", who));
        const ids = async (name: string | null, before: string | null, limit: number) =>
          (await pageSessions.list({ name, before, limit })).map(({ id }) => id);
        expect(await ids(null, null, 10)).toEqual(["S3", "S2", "S1"]);
        expect(await ids(null, "S3", 1)).toEqual(["S2"]);
        expect(await ids("ann", null, 10)).toEqual(["S3", "S1"]);
        expect(await ids("ann", "S3", 10)).toEqual(["S1"]);
        expect(await ids("an", null, 10)).toEqual([]);
      }),
    );

    test(
      "a use is noted, the latest counts, and one of a session that has ended is nothing",
      withStore(async ({ pageSessions }) => {
        await pageSessions.add(session("S1", "ann"), did("signed-in", "ann"));
        await pageSessions.noteUse([
          { id: "S1", atMs: 30 },
          { id: "gone", atMs: 30 },
        ]);
        await pageSessions.noteUse([{ id: "S1", atMs: 20 }]);
        expect(await pageSessions.find("hash of S1")).toMatchObject({ usedAtMs: 30 });
        expect(await pageSessions.find("hash of gone")).toBeNull();
      }),
    );

    test(
      "those that expired, and those that nobody used, are swept",
      withStore(async ({ pageSessions }) => {
        const all = [
          session("S1", "ann", { expiresAtMs: 100 }),
          session("S2", "ann", { expiresAtMs: 101, usedAtMs: 9 }),
          session("S3", "ann", { expiresAtMs: 101, usedAtMs: 10 }),
        ];
        for (const one of all) await pageSessions.add(one, did("signed-in", "ann"));
        expect(await pageSessions.sweep(99, 9)).toBe(0);
        expect(await pageSessions.sweep(100, 10)).toBe(2);
        expect(await pageSessions.list({ name: null, before: null, limit: 10 })).toEqual(all.slice(2));
      }),
    );

    test(
      "somebody's session unused longest makes way when there are too many, and nobody else's",
      withStore(async ({ pageSessions }) => {
        const told: string[] = [];
        pageSessions.subscribe((ids) => void told.push(...ids));
        await pageSessions.add(session("S000", "bob"), did("signed-in", "bob"));
        for (let at = 1; at <= PAGE_SESSIONS_LIMIT.each + 1; at++) {
          const id = `S${String(at).padStart(3, "0")}`;
          await pageSessions.add(session(id, "ann", { usedAtMs: at === 1 ? 99 : 10 + at }), did("signed-in", "ann"));
        }
        expect(told).toEqual(["S002"]);
        const mine = await pageSessions.list({ name: "ann", before: null, limit: 100 });
        expect(mine).toHaveLength(PAGE_SESSIONS_LIMIT.each);
        expect(await pageSessions.find("hash of S000")).not.toBeNull();
      }),
    );

    test(
      "who subscribes is told which ended, until the end of it",
      withStore(async ({ pageSessions }) => {
        const told: (readonly string[])[] = [];
        const end = pageSessions.subscribe((ids) => void told.push(ids));
        for (const id of ["S1", "S2", "S3"]) await pageSessions.add(session(id, "ann"), did("signed-in", "ann"));
        await pageSessions.remove("S1", did("signed-out", "ann"));
        await pageSessions.sweep(0, 0);
        await pageSessions.remove("S1", did("signed-out", "ann"));
        expect(told).toEqual([["S1"]]);
        end();
        await pageSessions.remove("S2", did("signed-out", "ann"));
        expect(told).toHaveLength(1);
      }),
    );
  });
}

function did(action: string, subject: string): NewAuditEntry {
  return { who: subject, from: "127.0.0.1", requestId: "r-1", atMs: 1, action, subject, detail: null };
}

function session(id: string, name: string, more: Partial<StoredPageSession> = {}): StoredPageSession {
  const times = { createdAtMs: 10, usedAtMs: 10, expiresAtMs: 1000 };
  const who = JSON.stringify({ kind: "user", name, grants: null });
  return { id, secretHash: `hash of ${id}`, name, who, ...times, from: "10.0.0.7", userAgent: null, ...more };
}
