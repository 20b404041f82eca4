import { useEffect, useState } from "preact/hooks";
import type { FoundImage } from "../../admin/search-schemas.ts";
import { hrefOf } from "../parts/route.ts";
import { VirtualList } from "../parts/virtual-list.tsx";
import type { FoundRows } from "./found-rows.ts";
import { Heads, hrefOfRepository, ImageCells, RepositoryCells, WaitingCells } from "./image-cells.tsx";
import type { ImageQuestion, Sort } from "./image-question.ts";
import type { Row } from "./row.ts";

/** A line on wide screens, a card on narrow ones: of one height, whatever is in it. */
const [LINE_PX, CARD_PX] = [34, 104];
const NARROW = "(max-width: 639px)";

type Props = {
  readonly found: FoundRows<Row>;
  readonly question: ImageQuestion;
  readonly chosen: ReadonlyMap<string, FoundImage>;
  readonly onChoose: (image: FoundImage, isChosen: boolean) => void;
  /** Delete was pressed on it. */
  readonly onRemove: (image: FoundImage) => void;
  readonly onSort: (sort: Sort) => void;
};

/** The list itself: arrows go through it, Enter opens, Space chooses, Delete asks. */
export function ImageList({ found, question, chosen, onChoose, onRemove, onSort }: Props) {
  const isNarrow = useMedia(NARROW);
  const { shown } = found;
  if (shown === null) return null;
  const isOfTags = found.rowAt(0)?.rows !== "repositories";
  const rowsQuestion: ImageQuestion = { ...question, rows: isOfTags ? "tags" : "repositories" };
  return (
    <>
      <VirtualList
        label={isOfTags ? "Images" : "Repositories"}
        class={isOfTags ? "image-rows" : "image-rows of-repositories"}
        count={shown.total}
        rowPx={isNarrow ? CARD_PX : LINE_PX}
        of={shown.key}
        head={<Heads question={rowsQuestion} onSort={onSort} />}
        onShow={(first, end) => found.show(first, end)}
        onOpen={(index) => {
          const row = found.rowAt(index);
          if (row?.rows === "tags") location.hash = hrefOf("image", row.name);
          else if (row !== null) location.hash = hrefOfRepository(question, row.name);
        }}
        onKey={(key, index) => {
          const row = found.rowAt(index);
          if (row?.rows !== "tags" || !(key === " " || key === "Delete")) return false;
          if (key === " ") onChoose(row, !chosen.has(row.name));
          else onRemove(row);
          return true;
        }}
        {...(isOfTags && { isSelected: (index: number) => chosen.has(found.rowAt(index)?.name ?? "") })}
        row={(index) => {
          const row = found.rowAt(index);
          if (row === null) return <WaitingCells />;
          if (row.rows === "repositories") return <RepositoryCells repository={row} question={question} />;
          return (
            <ImageCells image={row} isChosen={chosen.has(row.name)} onChoose={(isChosen) => onChoose(row, isChosen)} />
          );
        }}
      />
      {isOfTags && (
        <p class="quiet keys">
          <kbd>↑</kbd> <kbd>↓</kbd> go through the list, <kbd>Enter</kbd> opens, <kbd>Space</kbd> chooses,{" "}
          <kbd>Delete</kbd> removes, <kbd>/</kbd> searches.
        </p>
      )}
    </>
  );
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = () => setMatches(list.matches);
    list.addEventListener("change", follow);
    return () => list.removeEventListener("change", follow);
  }, [query]);
  return matches;
}
