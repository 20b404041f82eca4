import { useState } from "preact/hooks";
import { asProblem } from "./api/api-problem.ts";
import { type Session, signOut, useSession } from "./api/session.ts";
import { announce } from "./parts/announcer.tsx";
import { hrefOf } from "./parts/route.ts";
import { openSignIn } from "./parts/open-sign-in.ts";

/** Who is looking, and the way to be somebody else. */
export function Account() {
  const { session } = useSession();
  const [isBusy, setIsBusy] = useState(false);
  if (session === null) return null;
  if (session.principal === null) {
    return session.isSetUp ? (
      // Not the element that signs out next: the focus stays on it.
      <button key="in" type="button" onClick={openSignIn}>
        Sign in
      </button>
    ) : (
      <a class="quiet" href={hrefOf("people")}>
        {session.kind === "own-machine" ? "This machine" : "Nobody is set up"}
      </a>
    );
  }
  const leave = async () => {
    if (isBusy) return;
    setIsBusy(true);
    await signOut()
      .then(() => announce("You are signed out"))
      .catch((failure: unknown) => announce(asProblem(failure).message));
    setIsBusy(false);
  };
  return (
    <>
      <span class="account" title={HOW[session.via]}>
        {session.principal}
      </span>
      {session.via === "session" && (
        <button key="out" type="button" aria-busy={isBusy} onClick={() => void leave()}>
          Sign out
        </button>
      )}
    </>
  );
}

const HOW: Readonly<Record<Session["via"], string>> = {
  nothing: "",
  machine: "from the machine that larder runs on",
  session: "signed in here",
  header: "by the login that your browser sends",
  certificate: "by the certificate of your browser",
};

/** Says that a session has ended, while what was typed stays where it is. */
export function SessionBanner() {
  const { ended, session } = useSession();
  if (ended === null || session === null || session.via === "session") return null;
  return (
    <div class="note note-problem session-over" role="alert">
      <p>
        The session of {ended} is over. What you have typed is still here; what you see is what everybody may.{" "}
        <button type="button" class="primary" onClick={openSignIn}>
          Sign in again
        </button>
      </p>
    </div>
  );
}
