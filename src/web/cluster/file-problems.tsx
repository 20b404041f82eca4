import { useState } from "preact/hooks";
import { Chip } from "../parts/chip.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import type { FileProblem } from "./discovered.ts";
import { countOf } from "./summary.ts";

const SHOWN = 20;
const RANKS = { error: 0, elsewhere: 1, note: 2 } as const;

type Props = {
  readonly problems: readonly FileProblem[];
  /** What the page itself has to say of what was given. */
  readonly notes: readonly string[];
};

/** What keeps the list from being whole, and what there is to know about how it came to be, with file and line. */
export function FileProblems({ problems, notes }: Props) {
  const [limit, setLimit] = useState(SHOWN);
  if (problems.length + notes.length === 0) return null;
  const sorted = [...problems].sort((a, b) => RANKS[a.severity] - RANKS[b.severity]);
  const lacking = problems.filter(({ severity }) => severity !== "note").length + notes.length;
  return (
    <section aria-labelledby="file-problems" class={`note${lacking > 0 ? " note-warn" : ""}`}>
      <h3 id="file-problems">
        {lacking > 0
          ? `The list may not be whole: ${lacking === 1 ? "1 thing was not read or lies" : `${lacking} things were not read or lie`} elsewhere`
          : "To know"}
      </h3>
      <ul class="file-problems">
        {notes.slice(0, SHOWN).map((note) => (
          <li key={note}>
            <Chip tone="warn">not taken</Chip> <StrangerText text={note} limit={400} />
          </li>
        ))}
        {sorted.slice(0, limit).map(({ severity, file, line, message }) => (
          <li key={`${file}:${line}:${message}`}>
            <SeverityChip severity={severity} />{" "}
            <code>
              <StrangerText text={line === null ? file : `${file}:${line}`} limit={300} />
            </code>{" "}
            <StrangerText text={message} limit={600} />
          </li>
        ))}
      </ul>
      {sorted.length > limit && (
        <MoreButton
          onMore={() => setLimit(sorted.length)}
          isAsking={false}
          shown={`${limit} of ${countOf(sorted.length, "line")}`}
          hasMore
        />
      )}
      {problems.some(({ severity }) => severity === "elsewhere") && (
        <p class="quiet">
          Larder fetches no charts for this page. <code>larder images --fetch PATH</code> does, on a machine that
          reaches them; or give what is lacking along with the rest.
        </p>
      )}
    </section>
  );
}

function SeverityChip({ severity }: Pick<FileProblem, "severity">) {
  if (severity === "error") return <Chip tone="bad">not read</Chip>;
  return severity === "elsewhere" ? <Chip tone="warn">elsewhere</Chip> : <Chip>note</Chip>;
}
