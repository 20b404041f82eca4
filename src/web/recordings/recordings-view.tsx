import "./recordings.css";
import { useSession } from "../api/session.ts";
import { openSignIn } from "../parts/open-sign-in.ts";
import { RecordingList } from "./recording-list.tsx";
import { RecordingLook } from "./recording-look.tsx";

type Props = { readonly rest: string; readonly query: URLSearchParams };

/** Recordings: all of them, or the one that the address names. */
export function RecordingsView({ rest, query }: Props) {
  const { session } = useSession();
  const isAllowed = session === null ? null : session.may.administer === "all";
  if (isAllowed === null) return <h1>Recordings</h1>;
  if (!isAllowed) {
    return (
      <>
        <h1>Recordings</h1>
        <div class="note">
          <p>
            Recordings tell who has pulled what, and are for those who administer this larder
            {session?.whyNot.administer == null ? "" : `: ${session.whyNot.administer}`}.{" "}
            {session?.isSetUp === true && (
              <button type="button" onClick={openSignIn}>
                Sign in
              </button>
            )}
          </p>
        </div>
      </>
    );
  }
  return rest === "" ? <RecordingList /> : <RecordingLook key={rest} name={rest} query={query} />;
}
