import { useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { call } from "../api/call.ts";
import { askSession, useSession } from "../api/session.ts";
import { announce } from "../parts/announcer.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { SecretDialog } from "./secret-dialog.tsx";
import { usePages } from "./use-pages.ts";
import { type UserChange, UserDialog } from "./user-dialog.tsx";

type User = AnswerOf<"listUsers">["users"][number];

/** What is open over the list. */
type Open =
  | { readonly kind: "change"; readonly change: UserChange; readonly user: User | null }
  | { readonly kind: "remove"; readonly user: User }
  | { readonly kind: "secret"; readonly name: string; readonly secret: string };

/** The users of larder's own, and what is done with them. */
export function UsersTab() {
  const { session } = useSession();
  const [open, setOpen] = useState<Open | null>(null);
  const pages = usePages<User>(
    async (after, signal) => {
      const { users, next } = await call("listUsers", { ...(after !== null && { after: String(after) }) }, signal);
      return { rows: users, next };
    },
    "users",
    { changed: ["accounts"] },
  );
  const columns: readonly Column<User>[] = [
    { id: "name", name: "Name", cell: ({ name }) => name },
    { id: "grants", name: "May", cell: ({ grants }) => <Grants grants={grants} /> },
    { id: "created", name: "Added", cell: ({ createdAtMs }) => <TimeAgo atMs={createdAtMs} /> },
    { id: "used", name: "Last used", cell: ({ lastUsedAtMs }) => <TimeAgo atMs={lastUsedAtMs} /> },
    {
      id: "actions",
      name: "Change",
      cell: (user) => (
        <span class="row-buttons">
          <button type="button" onClick={() => setOpen({ kind: "change", change: "password", user })}>
            Password<span class="off-screen"> of {user.name}</span>
          </button>
          <button type="button" onClick={() => setOpen({ kind: "change", change: "grants", user })}>
            Rights<span class="off-screen"> of {user.name}</span>
          </button>
          <button type="button" class="danger" onClick={() => setOpen({ kind: "remove", user })}>
            Remove<span class="off-screen"> {user.name}</span>
          </button>
        </span>
      ),
    },
  ];
  const close = () => setOpen(null);
  return (
    <>
      <div class="tab-head">
        <p class="quiet">Users that larder keeps itself. Those of an htpasswd file are not listed here.</p>
        <button type="button" class="primary" onClick={() => setOpen({ kind: "change", change: "add", user: null })}>
          Add a user
        </button>
      </div>
      <ProblemNote problem={pages.problem} again={pages.again} />
      {pages.isKnown && pages.rows.length === 0 && (
        <EmptyState title="There are no users of larder's own" command="sudo larder user add ann --allow '*'">
          Add the first one here, or with this line on larder's machine.
        </EmptyState>
      )}
      {pages.rows.length > 0 && (
        <>
          <DataTable caption="Users" columns={columns} rows={pages.rows} keyOf={({ name }) => name} />
          <MoreButton
            shown={`${pages.rows.length} ${pages.rows.length === 1 ? "user" : "users"}`}
            hasMore={pages.hasMore}
            isAsking={pages.isAsking}
            onMore={pages.more}
          />
        </>
      )}
      {open?.kind === "change" && (
        <UserDialog
          change={open.change}
          user={open.user}
          onClose={close}
          onDone={(name, secret) => {
            pages.again();
            void askSession();
            setOpen(secret === null ? null : { kind: "secret", name, secret });
          }}
        />
      )}
      {open?.kind === "secret" && (
        <SecretDialog
          title={`The password of ${open.name}`}
          secret={open.secret}
          what={`the password of ${open.name}`}
          onClose={close}
        >
          <p>
            {open.name} signs in with it here, and logs in:{" "}
            <code>
              docker login {location.host} -u {open.name}
            </code>
          </p>
        </SecretDialog>
      )}
      {open?.kind === "remove" && (
        <ConfirmDialog
          title={`Remove ${open.user.name}?`}
          action="Remove"
          isDangerous
          onClose={close}
          onConfirm={async () => {
            const { name, isLast } = await call("removeUser", { name: open.user.name });
            announce(isLast ? `${name} is removed; nobody is set up any more` : `${name} is removed`);
            pages.again();
            void askSession();
          }}
        >
          <p>
            The password counts no more, from the next request on. Sessions with the page and logins of clients end with
            it; what {open.user.name} has pushed stays.
          </p>
          {session?.principal === open.user.name && <p>This is you: you are signed out by it.</p>}
        </ConfirmDialog>
      )}
    </>
  );
}

/** What somebody was given; null: what rules say of all users. */
export function Grants({ grants }: { readonly grants: readonly string[] | null }) {
  if (grants === null) return <span class="quiet">what rules say of all users</span>;
  if (grants.length === 0) return <span class="quiet">nothing</span>;
  return (
    <ul class="plain">
      {grants.map((grant) => (
        <li key={grant}>{grant === "*:**" ? "everything" : <code>{grant}</code>}</li>
      ))}
    </ul>
  );
}
