import { useState } from "preact/hooks";
import type { LiveMessage } from "../../admin/live-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useLive } from "../api/live.ts";
import { Chip } from "../parts/chip.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { DigestText } from "../parts/digest-text.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { describeProgress, nameOf, sourceOf, type Transfer, whoOf } from "./describe-transfer.ts";

type Transfers = Extract<LiveMessage, { kind: "transfers" }>;

const NOTHING: Pick<Transfers, "transfers" | "more"> = { transfers: [], more: 0 };

/** What is on its way: pulls, downloads from upstream, pushes. */
export function TransfersSection() {
  const [now, setNow] = useState(NOTHING);
  useLive((message) => {
    if (message.kind === "transfers") setNow(message);
    // What went on while nobody told of it is told anew.
    else if (message.kind === "changed" && message.what === "everything") setNow(NOTHING);
  });
  const { transfers, more } = now;
  return (
    <section aria-labelledby="on-its-way">
      <h2 id="on-its-way">On its way</h2>
      {transfers.length === 0 ? (
        <p class="quiet">Nothing is being pulled or pushed just now.</p>
      ) : (
        <DataTable
          caption="Pulls, downloads and pushes that are on their way"
          columns={COLUMNS}
          rows={transfers}
          keyOf={({ id }) => id}
        />
      )}
      {more > 0 && <p class="quiet">And {more} more.</p>}
    </section>
  );
}

const COLUMNS: readonly Column<Transfer>[] = [
  { id: "what", name: "What", cell: What },
  { id: "who", name: "Who", cell: (one) => <StrangerText text={whoOf(one)} limit={120} /> },
  {
    id: "from",
    name: "From",
    cell: (one) => {
      const source = sourceOf(one);
      return (
        <Chip tone={source.tone} title={source.title}>
          {source.word}
        </Chip>
      );
    },
  },
  {
    id: "progress",
    name: "Progress",
    cell: (one) => (
      <ProgressBar label={nameOf(one)} value={one.bytes} max={one.sizeBytes}>
        {describeProgress(one)}
      </ProgressBar>
    ),
  },
  {
    id: "rate",
    name: "Rate",
    isFigure: true,
    cell: ({ bytesPerSecond }) => (bytesPerSecond === 0 ? "–" : `${formatBytes(bytesPerSecond)}/s`),
  },
];

function What(one: Transfer) {
  return (
    <>
      <StrangerText text={nameOf(one)} limit={300} />
      {one.kind === "download" && (
        <>
          {" "}
          <DigestText digest={one.digest} />
        </>
      )}
    </>
  );
}
