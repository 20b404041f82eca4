import { useState } from "preact/hooks";
import type { FoundImage } from "../../admin/search-schemas.ts";
import { call } from "../api/call.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { go } from "../parts/route.ts";
import type { ViewProps } from "../parts/view-props.ts";
import { ChosenBar } from "./chosen-bar.tsx";
import type { Ask } from "./found-rows.ts";
import { filtersOf, hrefOfQuestion, type ImageQuestion, isFiltered, questionOf, requestOf } from "./image-question.ts";
import { ImageList } from "./image-list.tsx";
import { ListStatus } from "./list-status.tsx";
import { NamespaceList } from "./namespace-list.tsx";
import { FirstSteps, NothingFound } from "./nothing-found.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import type { Row } from "./row.ts";
import { SearchBar } from "./search-bar.tsx";
import { useFound } from "./use-found.ts";
import { useRights } from "./use-rights.ts";

/** The images that are here: looked for, sorted, chosen, pinned and removed. */
export function ImagesView({ query }: ViewProps) {
  const question = questionOf(query);
  const { rights, mayAdminister, round } = useRights();
  const key = JSON.stringify([question, round]);
  const found = useFound<Row>(key, askFor(question), ({ name }) => name, isUnmeasured);
  const namespaces = useAnswer("listNamespaces", filtersOf(question));
  const [chosen, setChosen] = useState<ReadonlyMap<string, FoundImage>>(new Map());
  const [removing, setRemoving] = useState<readonly FoundImage[] | null>(null);
  useFresh({ changed: ["pins"], happened: true }, () => {
    namespaces.again();
    // What nobody looks at may move.
    if (found.shown?.total === 0) found.again();
    else void found.refresh();
  });
  const change = (to: Partial<ImageQuestion>, isTyped = false) =>
    go(hrefOfQuestion(questionOfChange(question, to)), !isTyped);
  const choose = (image: FoundImage, isChosen: boolean) =>
    setChosen((before) => {
      const next = new Map(before);
      if (isChosen) next.set(image.name, image);
      else next.delete(image.name);
      return next;
    });
  const { shown } = found;
  const isEmpty = shown?.total === 0 && shown.key === key;
  const images = [...chosen.values()];
  return (
    <>
      <h1>Images</h1>
      <SearchBar question={question} onChange={change} />
      <div class="image-columns">
        <NamespaceList
          question={question}
          namespaces={namespaces.answer?.namespaces ?? null}
          onChoose={(namespace) => change({ namespace })}
        />
        <div class="image-found">
          <ProblemNote
            problem={found.problem ?? namespaces.problem}
            again={() => (found.again(), namespaces.again())}
          />
          <ListStatus found={found} question={question} isCurrent={shown?.key === key} />
          {images.length > 0 && (
            <ChosenBar
              images={images}
              rights={rights}
              onRemove={() => setRemoving(images)}
              onPinned={() => (setChosen(new Map()), found.again())}
              onClear={() => setChosen(new Map())}
            />
          )}
          {isEmpty && !isFiltered(question) && <FirstSteps />}
          {isEmpty && isFiltered(question) && (
            <NothingFound question={question} mayAdminister={mayAdminister} onBrought={() => found.again()} />
          )}
          {shown !== null && shown.total > 0 && (
            <ImageList
              found={found}
              question={question}
              chosen={chosen}
              onChoose={choose}
              onRemove={(image) =>
                rights.whyNotRemove === null && setRemoving(chosen.has(image.name) ? images : [image])
              }
              onSort={(sort) => change({ sort, isDescending: isTurned(question, sort) })}
            />
          )}
        </div>
      </div>
      {removing !== null && (
        <RemoveDialog
          images={removing}
          mayForce={mayAdminister}
          onRemoved={(names) => {
            setChosen((before) => new Map([...before].filter(([name]) => !names.includes(name))));
            found.again();
            namespaces.again();
          }}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

function askFor(question: ImageQuestion): Ask<Row> {
  const { rows, sort } = question;
  const request = requestOf(question);
  return async (page, signal) => {
    if (rows === "repositories") {
      const { repositories, ...rest } = await call("searchRepositories", { ...request, ...page, sort }, signal);
      return { ...rest, unmeasured: 0, rows: repositories.map((one) => ({ rows, ...one })) };
    }
    const by = sort === "tags" ? "match" : sort;
    const { images, ...rest } = await call("searchImages", { ...request, ...page, sort: by }, signal);
    return { ...rest, rows: images.map((one) => ({ rows, ...one })) };
  };
}

function isUnmeasured(row: Row): boolean {
  return row.sizeBytes === null;
}

/** Repositories have no signatures, and tags no number of tags, to be sorted by. */
function questionOfChange(question: ImageQuestion, to: Partial<ImageQuestion>): ImageQuestion {
  const next = { ...question, ...to };
  return next.sort === "tags" && next.rows === "tags" ? { ...next, sort: "match", isDescending: false } : next;
}

/** Times and sizes begin with the largest, names with the first; a second press turns that round. */
function isTurned({ sort, isDescending, text }: ImageQuestion, by: ImageQuestion["sort"]): boolean {
  const now = sort === "match" && text.trim() === "" ? "name" : sort;
  return by === now ? !isDescending : by !== "name";
}
