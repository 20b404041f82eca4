import type { ListedUpstream } from "../../admin/activity-schemas.ts";
import { useFresh } from "../api/use-fresh.ts";
import { useAnswer } from "../api/use-answer.ts";
import { Chip } from "../parts/chip.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

/** How the registries are that larder fetches from. */
export function UpstreamsSection() {
  const { answer, problem, again } = useAnswer("listUpstreams", {});
  useFresh({ changed: ["upstreams", "offline", "settings"] }, again);
  return (
    <section aria-labelledby="upstreams">
      <h2 id="upstreams">Upstream registries</h2>
      <ProblemNote problem={problem} again={again} />
      {answer?.offline === true && (
        <p class="note">larder is offline: no registry is asked, and what is here is served.</p>
      )}
      {answer !== null && answer.upstreams.length === 0 && (
        <EmptyState title="larder stands in for no registry" command="larder serve --stand-in docker.io" />
      )}
      {answer !== null && answer.upstreams.length > 0 && (
        <>
          <DataTable
            caption="Upstream registries"
            columns={COLUMNS}
            rows={answer.upstreams}
            keyOf={({ namespace }) => namespace}
          />
          {!answer.offline && (
            <p class="quiet">
              Asked <TimeAgo atMs={answer.checkedAtMs} never="just now; the answer is on its way" />.
            </p>
          )}
        </>
      )}
    </section>
  );
}

const COLUMNS: readonly Column<ListedUpstream>[] = [
  { id: "name", name: "Registry", cell: ({ namespace }) => <span class="registry">{namespace}</span> },
  { id: "state", name: "State", cell: State },
  { id: "allowance", name: "Allowance", cell: Allowance },
];

function State({ state, problem, cautions }: ListedUpstream) {
  const isWell = state === "reachable" && problem === null;
  return (
    <div>
      <Chip tone={isWell ? "good" : state === "away" || problem !== null ? "bad" : "warn"}>
        {state === "reachable" && problem !== null ? "does not answer" : state}
      </Chip>
      {[problem, ...cautions].map(
        (words) =>
          words !== null && (
            <p key={words} class="quiet">
              <StrangerText text={words} limit={400} />
            </p>
          ),
      )}
    </div>
  );
}

function Allowance({ rateLimit }: ListedUpstream) {
  if (rateLimit === null) return <span class="quiet">none told</span>;
  const { remaining, limit, windowSeconds, seenAtMs } = rateLimit;
  const over = windowSeconds === null ? "" : ` in ${Math.round(windowSeconds / 3600)} h`;
  return (
    <div>
      <span class="figure">
        {remaining} of {limit} left{over}
      </span>{" "}
      <span class="quiet">
        <TimeAgo atMs={seenAtMs} />
      </span>
    </div>
  );
}
