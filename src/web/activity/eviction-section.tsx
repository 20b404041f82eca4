import type { AnswerOf } from "../../admin/contract.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useSession } from "../api/session.ts";
import { useAnswer } from "../api/use-answer.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ShareBar } from "../parts/share-bar.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import type { Tone } from "../parts/chip.tsx";

const NEXT = 10;
const TONES: readonly Tone[] = ["accent", "warn", "bad", "plain"];

type Space = AnswerOf<"getSpace">;
type Next = AnswerOf<"listNextEvictions">["images"][number];

/** What takes the space, and what would go next. */
export function EvictionSection() {
  const { session } = useSession();
  const may = session?.may.administer === "all";
  const space = useAnswer("getSpace", may ? {} : null);
  const next = useAnswer("listNextEvictions", may ? { limit: NEXT } : null);
  return (
    <section aria-labelledby="space">
      <h2 id="space">Space</h2>
      {session !== null && !may && (
        <p class="quiet">
          What takes the space, and what would be evicted next, is told to those who may administer.{" "}
          {session.whyNot.administer}
        </p>
      )}
      <ProblemNote problem={space.problem} again={space.again} />
      {space.answer !== null && may && <Shares space={space.answer} />}
      {next.answer !== null && may && (
        <>
          <h3>What eviction would take next</h3>
          {next.answer.images.length === 0 ? (
            <p class="quiet">Nothing: no cached image is here that may go.</p>
          ) : (
            <DataTable
              caption="Cached images that would be evicted next, in order"
              columns={COLUMNS}
              rows={next.answer.images}
              keyOf={({ digest, name }) => `${name} ${digest}`}
            />
          )}
        </>
      )}
    </section>
  );
}

function Shares({ space }: { readonly space: Space }) {
  const { namespaces, usedBytes, maxBytes, freeBytes, problem } = space;
  const shares = namespaces.map(({ name, bytes }, index) => ({
    label: name,
    amount: bytes,
    tone: TONES[index % TONES.length] ?? "plain",
  }));
  return (
    <>
      {problem !== null && <p class="note note-problem">{problem}</p>}
      <p>
        {formatBytes(usedBytes)} used{maxBytes === null ? "" : ` of ${formatBytes(maxBytes)}`}, {formatBytes(freeBytes)}{" "}
        free on the disk.
      </p>
      {shares.length > 0 && (
        <>
          <ShareBar label="Space by namespace" shares={shares} format={formatBytes} />
          <ul class="share-names">
            {shares.map(({ label, amount, tone }) => (
              <li key={label}>
                <span class={`share-key tone-${tone}`} aria-hidden="true" /> {label}{" "}
                <span class="quiet figure">{formatBytes(amount)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const COLUMNS: readonly Column<Next>[] = [
  { id: "name", name: "Image", cell: ({ name }) => <StrangerText text={name} limit={300} /> },
  { id: "gives", name: "Gives back", isFigure: true, cell: ({ ownBytes }) => formatBytes(ownBytes) },
  { id: "size", name: "Size", isFigure: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { id: "pulled", name: "Last pulled", cell: ({ pulledAtMs }) => <TimeAgo atMs={pulledAtMs} /> },
];
