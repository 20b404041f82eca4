import type { ProgramList } from "../../admin/client-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useAnswer } from "../api/use-answer.ts";
import { CommandBlock } from "../parts/command-block.tsx";
import { CopyButton } from "../parts/copy-button.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";

type Program = ProgramList["programs"][number];

const COLUMNS: readonly Column<Program>[] = [
  {
    id: "file",
    name: "Program",
    cell: ({ file, path }) => (
      <a href={path} download={file}>
        {file}
      </a>
    ),
  },
  { id: "size", name: "Size", isFigure: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  {
    id: "hash",
    name: "SHA-256",
    cell: ({ file, sha256 }) => (
      <>
        <code title={sha256}>{sha256.slice(0, 16)}…</code> <CopyButton text={sha256} label={`the hash of ${file}`} />
      </>
    ),
  },
];

/** Larder's own programs, for machines that are to have its verbs. */
export function ProgramsPanel() {
  const { answer, problem, again } = useAnswer("listPrograms", {});
  const [first] = answer?.programs ?? [];
  return (
    <section aria-labelledby="nodes-programs">
      <h2 id="nodes-programs">larder itself</h2>
      <ProblemNote problem={problem} again={again} />
      {answer === null && problem === null && <p class="quiet">Loading…</p>}
      {answer !== null && first === undefined && (
        <p>
          This larder has no program to give: it runs from its source. Whoever runs it puts the files of a release, such
          as <code>larder-linux-x64</code>, into <code>/usr/share/larder/client</code>.
        </p>
      )}
      {answer !== null && first !== undefined && (
        <>
          <p>One file, for machines that are to have larder’s verbs; they need none of it to pull from here.</p>
          <DataTable caption="Programs" columns={COLUMNS} rows={answer.programs} keyOf={({ file }) => file} />
          <CommandBlock command={`${first.fetch} && chmod +x larder`} label="the line that fetches larder" />
        </>
      )}
    </section>
  );
}
