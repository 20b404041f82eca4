import { useState } from "preact/hooks";
import type { ListedNode } from "../../admin/activity-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useSession } from "../api/session.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { type Column, DataTable, type Sorting } from "../parts/data-table.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { hrefOf } from "../parts/route.ts";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

const STEP = 50;
/** As many as a question may ask for. */
const LIMIT = 1000;
/** How much of what a client says of itself is shown. */
const WORD_CHARACTERS = 200;

/** While something is pulled, who pulls is asked for so often. */
const AGAIN_MS = 5000;

type SortKey = "address" | "runtime" | "last" | "pulls" | "hits" | "misses" | "bytes";

const COLUMNS: readonly Column<ListedNode>[] = [
  { id: "address", name: "Node", isSortable: true, cell: ({ address }) => <code>{address}</code> },
  {
    id: "runtime",
    name: "Runtime",
    isSortable: true,
    cell: ({ runtime, runtimeVersion }) =>
      runtime === null ? (
        <span class="quiet">it does not say</span>
      ) : (
        <StrangerText text={[runtime, runtimeVersion ?? ""].join(" ").trim()} limit={WORD_CHARACTERS} />
      ),
  },
  { id: "last", name: "Last pull", isSortable: true, cell: ({ lastPullMs }) => <TimeAgo atMs={lastPullMs} /> },
  {
    id: "image",
    name: "Last image",
    cell: ({ lastImage }) =>
      lastImage === null ? (
        <span class="quiet">layers alone</span>
      ) : (
        <a href={hrefOf("image", lastImage)}>{lastImage}</a>
      ),
  },
  { id: "pulls", name: "Pulls", isFigure: true, isSortable: true, cell: ({ pulls }) => pulls.toLocaleString("en") },
  { id: "hits", name: "Hits", isFigure: true, isSortable: true, cell: ({ hits }) => hits.toLocaleString("en") },
  { id: "misses", name: "Misses", isFigure: true, isSortable: true, cell: ({ misses }) => misses.toLocaleString("en") },
  { id: "bytes", name: "Sent", isFigure: true, isSortable: true, cell: ({ bytes }) => formatBytes(bytes) },
];

/** Who has pulled lately, by address, and with what: for those who may know. */
export function NodeTable() {
  const { session } = useSession();
  if (session === null) return <p class="quiet">Loading…</p>;
  if (session.may.administer === "all") return <KnownNodes />;
  return (
    <p>
      Addresses are people’s: this is for those who administer this larder
      {session.whyNot.administer === null ? "" : `: ${session.whyNot.administer}`}.
    </p>
  );
}

function KnownNodes() {
  const [search, setSearch] = useState("");
  const [sorting, setSorting] = useState<Sorting>({ by: "last", isDescending: true });
  const [limit, setLimit] = useState(STEP);
  const { answer, problem, isAsking, again } = useAnswer("listNodes", {
    search,
    sort: sorting.by as SortKey,
    order: sorting.isDescending ? "desc" : "asc",
    limit,
  });
  // What went on before the tab was looked at again is told to nobody.
  useFresh({ traffic: true }, again, { everyMs: AGAIN_MS, isPartlyUntold: true });
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      <p>
        <input
          class="nodes-search"
          type="search"
          aria-label="Search the nodes"
          placeholder="Address, runtime or image"
          value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
      </p>
      {answer === null && problem === null && <p class="quiet">Loading…</p>}
      {answer !== null && answer.nodes.length === 0 && (
        <EmptyState title={search === "" ? "Nobody has pulled from here yet" : "No node is like that"}>
          {search === ""
            ? "Set up a node with a line from above, and pull something with it."
            : "Other words may find it."}
        </EmptyState>
      )}
      {answer !== null && answer.nodes.length > 0 && (
        <>
          <DataTable
            caption="Nodes that have pulled"
            columns={COLUMNS}
            rows={answer.nodes}
            keyOf={({ address, runtime, runtimeVersion }) => [address, runtime, runtimeVersion].join("\n")}
            sorting={sorting}
            onSort={setSorting}
          />
          <MoreButton
            shown={`${answer.nodes.length} of ${answer.total} ${answer.total === 1 ? "node" : "nodes"}`}
            hasMore={answer.next !== null && limit < LIMIT}
            isAsking={isAsking}
            onMore={() => setLimit(Math.min(LIMIT, limit + STEP))}
          />
        </>
      )}
    </>
  );
}
