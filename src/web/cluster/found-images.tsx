import { useState } from "preact/hooks";
import { Chip } from "../parts/chip.tsx";
import { type Column, DataTable, type Sorting } from "../parts/data-table.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { hrefOf } from "../parts/route.ts";
import { StrangerText } from "../parts/stranger-text.tsx";
import { keyOf, type NamedImage, type NeededImage } from "./discovered.ts";
import { JobImageState, reasonOf } from "./job-images.tsx";
import type { JobImage } from "./job-words.ts";

const SHOWN = 200;
const LINES = 5;

type Props = {
  readonly rows: readonly NamedImage[];
  /** How images come that are being brought, by their keys. */
  readonly coming: ReadonlyMap<string, JobImage>;
};

/** Which file names which image, and whether that is here. */
export function FoundImages({ rows, coming }: Props) {
  const [sorting, setSorting] = useState<Sorting>({ by: "file", isDescending: false });
  const [limit, setLimit] = useState(SHOWN);
  const sorted = [...rows].sort((a, b) => compare(a, b, sorting));
  const columns: readonly Column<NamedImage>[] = [
    { id: "image", name: "Image", isSortable: true, cell: (row) => <ImageName row={row} /> },
    { id: "state", name: "State", isSortable: true, cell: (row) => <State row={row} coming={comingOf(row, coming)} /> },
    { id: "file", name: "Named by", isSortable: true, cell: (row) => <Place row={row} /> },
    { id: "reason", name: "Reason", cell: (row) => <Reason row={row} coming={comingOf(row, coming)} /> },
  ];
  return (
    <>
      <DataTable
        caption="Images that the files name"
        columns={columns}
        rows={sorted.slice(0, limit)}
        keyOf={({ key }) => key}
        sorting={sorting}
        onSort={setSorting}
      />
      {rows.length > limit && (
        <MoreButton
          onMore={() => setLimit((before) => before + SHOWN)}
          isAsking={false}
          shown={`${limit} of ${rows.length} lines`}
          hasMore
        />
      )}
    </>
  );
}

function comingOf({ needed }: NamedImage, coming: ReadonlyMap<string, JobImage>): JobImage | null {
  return needed === null || needed.state === "whole" ? null : (coming.get(keyOf(needed)) ?? null);
}

function ImageName({ row: { image, needed, isGuess } }: { readonly row: NamedImage }) {
  const name = <StrangerText text={image} limit={300} />;
  return (
    <>
      {needed?.state === "absent" || needed === null ? name : <a href={hrefOf("image", image)}>{name}</a>}
      {needed?.platform != null && (
        <>
          {" "}
          <Chip>{needed.platform}</Chip>
        </>
      )}
      {isGuess && (
        <>
          {" "}
          <Chip title="It stands where an image need not be: in an argument, an environment variable, values">
            a guess
          </Chip>
        </>
      )}
    </>
  );
}

function Place({ row: { file, lines } }: { readonly row: NamedImage }) {
  const some = lines.slice(0, LINES).join(", ");
  const more = lines.length > LINES ? ", …" : "";
  return <StrangerText text={lines.length === 0 ? file : `${file}:${some}${more}`} limit={400} />;
}

function State({ row, coming }: { readonly row: NamedImage; readonly coming: JobImage | null }) {
  if (coming !== null) return <JobImageState image={coming} />;
  const { needed, isBuiltLocally } = row;
  if (isBuiltLocally) return <Chip>built on the nodes</Chip>;
  return needed === null ? <Chip>not looked at</Chip> : <NeededState needed={needed} />;
}

function NeededState({ needed: { state } }: { readonly needed: NeededImage }) {
  if (state === "whole") return <Chip tone="good">here</Chip>;
  return state === "absent" ? <Chip tone="bad">missing</Chip> : <Chip tone="warn">not whole</Chip>;
}

/** That it is not here says the chip already. */
function Reason({ row: { needed }, coming }: { readonly row: NamedImage; readonly coming: JobImage | null }) {
  const reason = coming === null ? (needed?.state === "incomplete" ? needed.reason : null) : reasonOf(coming);
  return reason === null ? null : <StrangerText text={reason} limit={600} />;
}

const RANKS = { absent: 0, incomplete: 1, whole: 2 } as const;

function compare(a: NamedImage, b: NamedImage, { by, isDescending }: Sorting): number {
  const rank = ({ needed }: NamedImage) => (needed === null ? 3 : RANKS[needed.state]);
  const byText = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
  const byPlace = byText(a.file, b.file) || (a.lines[0] ?? 0) - (b.lines[0] ?? 0);
  const order = by === "image" ? byText(a.image, b.image) : by === "state" ? rank(a) - rank(b) : byPlace;
  return (order || byPlace || byText(a.image, b.image)) * (isDescending ? -1 : 1);
}
