import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { type Session, useSession } from "../api/session.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { go, hrefOf } from "../parts/route.ts";
import { openSignIn } from "../parts/open-sign-in.ts";
import { Tabs } from "../parts/tabs.tsx";
import { AuditTab } from "./audit-tab.tsx";
import { RulesTab } from "./rules-tab.tsx";
import { SessionsTab } from "./sessions-tab.tsx";
import { TokensTab } from "./tokens-tab.tsx";
import { UsersTab } from "./users-tab.tsx";
import "./people.css";

const TABS = [
  { id: "users", name: "Users" },
  { id: "tokens", name: "Tokens" },
  { id: "rules", name: "Rules" },
  { id: "sessions", name: "Sessions" },
  { id: "audit", name: "Audit log" },
] as const;
type TabId = (typeof TABS)[number]["id"];

type Props = { readonly rest: string; readonly query: URLSearchParams };

/** Who may what: users, tokens, rules, who is signed in, and who changed what. */
export function PeopleView({ rest, query }: Props) {
  const { session: now, problem, ended } = useSession();
  const before = useRef<Session | null>(null);
  if (ended === null) before.current = now;
  // A session that has ended takes nothing away that is open: somebody may be typing.
  const session = ended === null ? now : (before.current ?? now);
  const isAdministrator = session?.may.administer === "all";
  const tabs = isAdministrator ? TABS : TABS.filter(({ id }) => id === "sessions");
  const current: TabId = tabs.find(({ id }) => id === rest)?.id ?? (isAdministrator ? "users" : "sessions");
  return (
    <>
      <h1>People</h1>
      {session === null && <ProblemNote problem={problem} />}
      {session !== null && <Standing session={session} />}
      {session !== null && (isAdministrator || session.principal !== null) && (
        <Tabs label="People" tabs={tabs} current={current} onChange={(id) => go(hrefOf("people", id))}>
          {shownBy(current, query, session)}
        </Tabs>
      )}
    </>
  );
}

function shownBy(current: TabId, query: URLSearchParams, session: Session): ComponentChildren {
  switch (current) {
    case "users":
      return <UsersTab />;
    case "tokens":
      return <TokensTab />;
    case "rules":
      return <RulesTab />;
    case "sessions":
      return <SessionsTab isAdministrator={session.may.administer === "all"} />;
    case "audit":
      return <AuditTab query={query} />;
    default:
      return current satisfies never;
  }
}

const FIRST_USER = "sudo larder user add ann --allow '*'";

/** What holds as long as nobody is set up; and why somebody sees no more than they do. */
function Standing({ session }: { readonly session: Session }) {
  const { isSetUp, may, whyNot, principal } = session;
  if (!isSetUp) {
    return (
      <div class="note">
        <p>
          <strong>Nobody is set up yet.</strong> Everybody pulls, and whoever is on the machine that larder runs on
          pushes, deletes and administers. With the first user or token that ends: rules count, and people sign in.
        </p>
        {may.administer !== "all" && (
          <>
            <p>On that machine, this adds somebody who may do everything, and then signs in here:</p>
            <CommandBlock command={FIRST_USER} label="the line that adds the first user" />
          </>
        )}
      </div>
    );
  }
  if (may.administer === "all") return null;
  return (
    <div class="note">
      {principal === null ? (
        <>
          <p>Users, tokens, rules and the audit log are for administrators. Sign in as one to see them.</p>
          <p>
            <button type="button" class="primary" onClick={openSignIn}>
              Sign in
            </button>
          </p>
        </>
      ) : (
        <p>Users, tokens, rules and the audit log are for administrators: {whyNot.administer}.</p>
      )}
      <p>If nobody can sign in who administers, on the machine that larder runs on this adds somebody who can:</p>
      <CommandBlock command={FIRST_USER} label="the line that adds an administrator" />
    </div>
  );
}
