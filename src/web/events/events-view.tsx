import { useSession } from "../api/session.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { EndpointTable } from "./endpoint-table.tsx";
import { Examples } from "./examples.tsx";
import { GivenUpList } from "./given-up-list.tsx";
import "./events.css";

/** Who is told what happens, how that goes, and what nobody took. */
export function EventsView() {
  const { session } = useSession();
  const mayLook = session?.may.administer === "all";
  const { answer, problem, again } = useAnswer("listEndpoints", mayLook ? {} : null);
  useFresh({ changed: ["notifications", "settings"] }, again);
  if (session !== null && !mayLook) return <NotForAll why={session.whyNot.administer} />;
  const givenUp = answer?.endpoints.reduce((sum, one) => sum + one.givenUp, 0) ?? 0;
  return (
    <>
      <h1>Events</h1>
      <p class="quiet">
        larder tells other systems of pushes, deletions, pulls and more, by a request to each of them.
      </p>
      <ProblemNote problem={problem} again={again} />
      {answer?.endpoints.length === 0 && <SetUp />}
      {answer !== null && answer.endpoints.length > 0 && (
        <>
          <h2>Endpoints</h2>
          <EndpointTable endpoints={answer.endpoints} onChange={again} />
          <h2>Given up</h2>
          <GivenUpList count={givenUp} onChange={again} />
        </>
      )}
      {answer !== null && <Examples />}
    </>
  );
}

function NotForAll({ why }: { readonly why: string | null }) {
  return (
    <>
      <h1>Events</h1>
      <EmptyState title="This is for administrators">
        {why ?? "Sign in as somebody who may administer all of this larder."}
      </EmptyState>
    </>
  );
}

const SETTINGS = `# larder.yaml
notifications:
  endpoints:
    - name: ci
      url: https://ci.example/events
      format: cloudevents      # or registry2, as registry:2 has them
      secretFile: /etc/larder/ci-secret
      kinds: [push, delete]
      images: ['team/**']`;

function SetUp() {
  return (
    <EmptyState title="Nobody is told of anything yet" command={SETTINGS}>
      Put whom to tell into larder.yaml, and have it read again (systemctl reload larder, or SIGHUP). A config.yml of
      registry:2 with notifications works as it is.
    </EmptyState>
  );
}
