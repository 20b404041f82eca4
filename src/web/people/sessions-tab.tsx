import { useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { askSession } from "../api/session.ts";
import { announce } from "../parts/announcer.tsx";
import { Chip } from "../parts/chip.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { shortAgent } from "./short-agent.ts";
import { usePages } from "./use-pages.ts";

type Session = AnswerOf<"listSessions">["sessions"][number];

/** Who is signed in to the page: one's own sessions, and for administrators everybody's. */
export function SessionsTab({ isAdministrator }: { readonly isAdministrator: boolean }) {
  const [whose, setWhose] = useState<"mine" | "all">(isAdministrator ? "all" : "mine");
  const [ending, setEnding] = useState<Session | null>(null);
  const pages = usePages<Session>(
    async (before, signal) => {
      const request = { whose, ...(before !== null && { before: String(before) }) };
      const { sessions, next } = await call("listSessions", request, signal);
      return { rows: sessions, next };
    },
    whose,
    { changed: ["accounts", "audit"] },
  );
  const columns: readonly Column<Session>[] = [
    {
      id: "name",
      name: "Who",
      cell: ({ name, isCurrent }) => (
        <span>
          {name} {isCurrent && <Chip tone="accent">this one</Chip>}
        </span>
      ),
    },
    {
      id: "created",
      name: "Signed in",
      cell: ({ createdAtMs }) => (
        <span class="nowrap">
          <TimeAgo atMs={createdAtMs} />
        </span>
      ),
    },
    {
      id: "used",
      name: "Last used",
      cell: ({ usedAtMs }) => (
        <span class="nowrap">
          <TimeAgo atMs={usedAtMs} />
        </span>
      ),
    },
    { id: "from", name: "From", cell: ({ from }) => <span class="nowrap">{from ?? "–"}</span> },
    { id: "agent", name: "Browser", cell: ({ userAgent }) => <Browser text={userAgent} /> },
    {
      id: "actions",
      name: "Change",
      cell: (session) => (
        <span class="row-buttons">
          <button type="button" onClick={() => setEnding(session)}>
            End<span class="off-screen"> the session of {session.name}</span>
          </button>
        </span>
      ),
    },
  ];
  return (
    <>
      <div class="tab-head">
        <p class="quiet">A session ends 12 hours after its last use, and 7 days after its beginning.</p>
        {isAdministrator && (
          <label class="choice">
            <input
              type="checkbox"
              checked={whose === "mine"}
              onChange={({ currentTarget }) => setWhose(currentTarget.checked ? "mine" : "all")}
            />
            <span>Mine alone</span>
          </label>
        )}
      </div>
      <ProblemNote problem={pages.problem} again={pages.again} />
      {pages.isKnown && pages.rows.length === 0 && <EmptyState title="Nobody is signed in to the page" />}
      {pages.rows.length > 0 && (
        <>
          <DataTable caption="Sessions" columns={columns} rows={pages.rows} keyOf={({ id }) => id} />
          <MoreButton
            shown={`${pages.rows.length} ${pages.rows.length === 1 ? "session" : "sessions"}`}
            hasMore={pages.hasMore}
            isAsking={pages.isAsking}
            onMore={pages.more}
          />
        </>
      )}
      {ending !== null && (
        <ConfirmDialog
          title={`End the session of ${ending.name}?`}
          action="End"
          onClose={() => setEnding(null)}
          onConfirm={async () => {
            await call("endSession", { session: ending.id });
            announce(`The session of ${ending.name} is over`);
            if (ending.isCurrent) await askSession();
            pages.again();
          }}
        >
          <p>
            {ending.isCurrent
              ? "This is the session that you look at this with: you are signed out."
              : "That browser is signed out, at its next request. The password stays as it is."}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

/** What a browser says of itself, in few words; all of it for who points at it. */
function Browser({ text }: { readonly text: string | null }) {
  return <span title={text ?? undefined}>{text === null ? "–" : <StrangerText text={shortAgent(text)} />}</span>;
}
