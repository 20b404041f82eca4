import { useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { askSession, useSession } from "../api/session.ts";
import { announce } from "../parts/announcer.tsx";
import { Chip } from "../parts/chip.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { SecretDialog } from "./secret-dialog.tsx";
import { TokenDialog } from "./token-dialog.tsx";
import { usePages } from "./use-pages.ts";
import { Grants } from "./users-tab.tsx";

type Token = AnswerOf<"listTokens">["tokens"][number];
type Open =
  | { readonly kind: "create" }
  | { readonly kind: "revoke"; readonly token: Token }
  | { readonly kind: "secret"; readonly name: string; readonly secret: string };

/** Tokens of programs: those that are good, and those that ended lately. */
export function TokensTab() {
  const { session } = useSession();
  const [open, setOpen] = useState<Open | null>(null);
  const pages = usePages<Token>(
    async (after, signal) => {
      const { tokens, next } = await call("listTokens", { ...(after !== null && { after: String(after) }) }, signal);
      return { rows: tokens, next };
    },
    "tokens",
    { changed: ["accounts"] },
  );
  const columns: readonly Column<Token>[] = [
    { id: "name", name: "Name", cell: ({ name }) => name },
    { id: "status", name: "Status", cell: (token) => <Status token={token} /> },
    { id: "grants", name: "May", cell: ({ grants }) => <Grants grants={grants} /> },
    {
      id: "expires",
      name: "Expires",
      cell: ({ expiresAtMs }) => <TimeAgo atMs={expiresAtMs} never="never, by itself" />,
    },
    { id: "used", name: "Last used", cell: ({ lastUsedAtMs }) => <TimeAgo atMs={lastUsedAtMs} /> },
    {
      id: "actions",
      name: "Change",
      cell: (token) =>
        statusOf(token) === "revoked" ? null : (
          <span class="row-buttons">
            <button type="button" class="danger" onClick={() => setOpen({ kind: "revoke", token })}>
              Revoke<span class="off-screen"> {token.name}</span>
            </button>
          </span>
        ),
    },
  ];
  const close = () => setOpen(null);
  return (
    <>
      <div class="tab-head">
        <p class="quiet">For programs, which send one as a password or as Authorization: Bearer.</p>
        <button type="button" class="primary" onClick={() => setOpen({ kind: "create" })}>
          Create a token
        </button>
      </div>
      <ProblemNote problem={pages.problem} again={pages.again} />
      {pages.isKnown && pages.rows.length === 0 && (
        <EmptyState
          title="There are no tokens"
          command="sudo larder token create --name ci --allow 'pull,push:team/**'"
        >
          A job of your CI system gets one of its own, with what it may and until when.
        </EmptyState>
      )}
      {pages.rows.length > 0 && (
        <>
          <DataTable caption="Tokens" columns={columns} rows={pages.rows} keyOf={({ id }) => id} />
          <MoreButton
            shown={`${pages.rows.length} ${pages.rows.length === 1 ? "token" : "tokens"}`}
            hasMore={pages.hasMore}
            isAsking={pages.isAsking}
            onMore={pages.more}
          />
        </>
      )}
      {open?.kind === "create" && (
        <TokenDialog
          onClose={close}
          onDone={(name, secret) => {
            pages.again();
            void askSession();
            setOpen({ kind: "secret", name, secret });
          }}
        />
      )}
      {open?.kind === "secret" && (
        <SecretDialog
          title={`The token ${open.name}`}
          secret={open.secret}
          what={`the token ${open.name}`}
          onClose={close}
        >
          <p>
            It is the password of any user name:{" "}
            <code>
              docker login {location.host} -u {open.name}
            </code>
          </p>
        </SecretDialog>
      )}
      {open?.kind === "revoke" && (
        <ConfirmDialog
          title={`Revoke the token ${open.token.name}?`}
          action="Revoke"
          isDangerous
          onClose={close}
          onConfirm={async () => {
            await call("revokeToken", { token: open.token.id });
            announce(`${open.token.name} is revoked`);
            pages.again();
            void askSession();
          }}
        >
          <p>
            Whatever has it fails from the next request on, and is told why; sessions that it signed in end. That cannot
            be undone: another token is made in its place.
          </p>
          {session?.principal === `token:${open.token.name}` && (
            <p>You are signed in with it, and are signed out by this.</p>
          )}
        </ConfirmDialog>
      )}
    </>
  );
}

function statusOf({ revokedAtMs, expiresAtMs }: Token): "good" | "expired" | "revoked" {
  if (revokedAtMs !== null) return "revoked";
  return expiresAtMs !== null && expiresAtMs <= Date.now() ? "expired" : "good";
}

function Status({ token }: { readonly token: Token }) {
  const status = statusOf(token);
  const tone = status === "good" ? "good" : status === "expired" ? "warn" : "bad";
  return (
    <span>
      <Chip tone={tone}>{status}</Chip>
    </span>
  );
}
