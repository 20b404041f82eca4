import type { AnswerOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { Field } from "../parts/field.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { go, hrefOf } from "../parts/route.ts";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { usePages } from "./use-pages.ts";

type Entry = AnswerOf<"listAudit">["entries"][number];

const DAY_MS = 86_400_000;
const TIMES = [
  { id: "", name: "at any time", ms: null },
  { id: "1d", name: "within a day", ms: DAY_MS },
  { id: "7d", name: "within 7 days", ms: 7 * DAY_MS },
  { id: "30d", name: "within 30 days", ms: 30 * DAY_MS },
] as const;
/** What larder writes down; there may be more. */
const KINDS = [
  "image-pushed",
  "image-removed",
  "user-added",
  "user-changed",
  "user-removed",
  "token-created",
  "token-revoked",
  "signed-in",
  "signed-out",
  "session-ended",
  "login-failed",
  "offline-switched",
  "pin-added",
  "pin-removed",
  "space-collected",
  "retention-applied",
  "store-verified",
  "settings-read",
];

const COLUMNS: readonly Column<Entry>[] = [
  {
    id: "at",
    name: "When",
    cell: ({ atMs }) => (
      <span class="nowrap">
        <TimeAgo atMs={atMs} />
      </span>
    ),
  },
  { id: "what", name: "What", cell: ({ action }) => action },
  { id: "who", name: "Who", cell: ({ who }) => (who === null ? "–" : <StrangerText text={who} />) },
  { id: "from", name: "From", cell: ({ from }) => <span class="nowrap">{from ?? "–"}</span> },
  {
    id: "subject",
    name: "Of what",
    cell: ({ subject, detail }) => (
      <div>
        {subject !== null && <StrangerText text={subject} />}{" "}
        {detail !== null && (
          <span class="quiet">
            <StrangerText text={detail} />
          </span>
        )}
      </div>
    ),
  },
];

/** Who changed what: the newest first, narrowed down by what the address says. */
export function AuditTab({ query }: { readonly query: URLSearchParams }) {
  const filter = { who: query.get("who") ?? "", what: query.get("what") ?? "", of: query.get("of") ?? "" };
  const time = TIMES.find(({ id }) => id === query.get("time")) ?? TIMES[0];
  const pages = usePages<Entry>(
    async (before, signal) => {
      const request = {
        ...(before !== null && { before: Number(before) }),
        ...(time.ms !== null && { since: Date.now() - time.ms }),
        ...(filter.who !== "" && { who: filter.who }),
        ...(filter.what !== "" && { action: filter.what }),
        ...(filter.of !== "" && { search: filter.of }),
      };
      const { entries, next } = await call("listAudit", request, signal);
      return { rows: entries, next };
    },
    JSON.stringify([filter, time.id]),
    { changed: ["audit"], happened: true },
  );
  const narrow = (change: Readonly<Record<string, string>>) =>
    go(hrefOf("people", "audit", { ...filter, time: time.id, ...change }), false);
  return (
    <>
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <Field label="Who">
          {(tied) => (
            <input
              {...tied}
              type="search"
              value={filter.who}
              placeholder="ann, token:ci"
              spellcheck={false}
              onChange={({ currentTarget }) => narrow({ who: currentTarget.value.trim() })}
            />
          )}
        </Field>
        <Field label="Did what">
          {(tied) => (
            <select
              {...tied}
              value={filter.what}
              onChange={({ currentTarget }) => narrow({ what: currentTarget.value })}
            >
              <option value="">anything</option>
              {[...KINDS, ...(filter.what === "" || KINDS.includes(filter.what) ? [] : [filter.what])].map((kind) => (
                <option key={kind}>{kind}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Of what">
          {(tied) => (
            <input
              {...tied}
              type="search"
              value={filter.of}
              placeholder="part of a name"
              spellcheck={false}
              onChange={({ currentTarget }) => narrow({ of: currentTarget.value.trim() })}
            />
          )}
        </Field>
        <Field label="When">
          {(tied) => (
            <select {...tied} value={time.id} onChange={({ currentTarget }) => narrow({ time: currentTarget.value })}>
              {TIMES.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )}
        </Field>
      </form>
      <ProblemNote problem={pages.problem} again={pages.again} />
      {pages.isKnown && pages.rows.length === 0 && (
        <EmptyState title="There is nothing of the kind">Entries are kept for 400 days, 100,000 at most.</EmptyState>
      )}
      {pages.rows.length > 0 && (
        <>
          <DataTable caption="Audit log" columns={COLUMNS} rows={pages.rows} keyOf={({ id }) => id} />
          <MoreButton
            shown={`${pages.rows.length} ${pages.rows.length === 1 ? "entry" : "entries"}`}
            hasMore={pages.hasMore}
            isAsking={pages.isAsking}
            onMore={pages.more}
          />
        </>
      )}
    </>
  );
}
