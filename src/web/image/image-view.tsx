import { useEffect, useMemo } from "preact/hooks";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { EmptyState } from "../parts/empty-state.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { hrefOf } from "../parts/route.ts";
import { choosePlatform } from "./choose-platform.ts";
import { ImageActions } from "./image-actions.tsx";
import { type ImagePlace, placeOf } from "./image-address.ts";
import { documentOf, type Inspected } from "./image-document.ts";
import { ImageHead } from "./image-head.tsx";
import { ImageTabs } from "./image-tabs.tsx";
import { ImageTree } from "./image-tree.tsx";
import { nameByDigest, splitName } from "./split-name.ts";
import { useRights } from "./use-rights.ts";
import { whatItIs } from "./what-it-is.ts";

type Props = { readonly rest: string; readonly query: URLSearchParams };

/** One image: what it is, what it is made of, and what is attached to it. */
export function ImageView({ rest, query }: Props) {
  const { answer, problem, again } = useAnswer("getImage", rest === "" ? null : { image: rest });
  const isOfAnother = answer !== null && problem !== null;
  useEffect(() => {
    if (answer !== null) document.title = `${answer.name.slice(0, 200)} · larder`;
  }, [answer]);
  if (rest === "" || (answer === null && problem === null)) {
    return (
      <>
        <h1>Image</h1>
        {rest === "" ? (
          <p>
            No image is named. <a href={hrefOf("images")}>All images</a> are a good place to begin.
          </p>
        ) : (
          <p class="quiet">Loading…</p>
        )}
      </>
    );
  }
  if (answer === null || isOfAnother) {
    return (
      <>
        <h1>
          <StrangerText text={rest} limit={400} />
        </h1>
        <ProblemNote problem={problem} again={again} />
        {problem?.status === 404 && <NotHere name={rest} />}
      </>
    );
  }
  return <Shown key={answer.digest} image={answer} asked={rest} place={placeOf(query)} again={again} />;
}

function NotHere({ name }: { readonly name: string }) {
  return (
    <EmptyState title="The image is not here" command={`larder cache ${name}`}>
      It comes with the first pull of it, or when it is fetched on purpose:
    </EmptyState>
  );
}

type ShownProps = {
  readonly image: Inspected;
  readonly asked: string;
  readonly place: ImagePlace;
  readonly again: () => void;
};

function Shown({ image, asked, place, again }: ShownProps) {
  const rights = useRights();
  const pins = useAnswer("listPins", rights.administer === null ? {} : null);
  useFresh({ changed: ["pins"] }, pins.again);
  const isPinned = pins.answer === null ? null : pins.answer.pins.some(({ pin }) => pin === image.name);
  const root = useMemo(() => documentOf(image), [image]);
  const { words, kind } = useMemo(() => whatItIs(image, root), [image, root]);
  const isIndex = image.platforms.length > 0;
  const chosen = isIndex ? choosePlatform(root.listed, place.platform) : null;
  const { namespace, tag } = splitName(image.name);
  return (
    <article class="image">
      <ImageHead
        image={image}
        asked={isSameName(asked, image.name) ? image.name : asked}
        kind={words}
        isPinned={isPinned}
      />
      <ImageActions
        name={image.name}
        digest={image.digest}
        hasTag={tag !== null}
        isPinned={isPinned}
        rights={rights}
        onChange={pins.again}
      />
      {isIndex && (
        <ImageTree
          name={image.name}
          listed={root.listed}
          current={chosen?.digest ?? null}
          place={place}
          whyNotBring={rights.administer}
          canBeBrought={namespace !== "local"}
          onBrought={again}
        />
      )}
      {!isIndex && (
        <ImageTabs
          name={image.name}
          digest={image.digest}
          image={image}
          document={root}
          attestations={[]}
          kind={kind}
          place={place}
        />
      )}
      {isIndex && chosen === null && <p class="note">None of the images that the index lists is here.</p>}
      {chosen !== null && <Part root={image} digest={chosen.digest} listed={root.listed} place={place} />}
    </article>
  );
}

type PartProps = {
  readonly root: Inspected;
  readonly digest: string;
  readonly listed: ReturnType<typeof documentOf>["listed"];
  readonly place: ImagePlace;
};

/** One of the images that an index lists. */
function Part({ root, digest, listed, place }: PartProps) {
  const { answer, problem, again } = useAnswer("getImage", { image: nameByDigest(root.name, digest) });
  const image = answer !== null && answer.digest === digest ? answer : null;
  const document = useMemo(() => (image === null ? null : documentOf(image)), [image]);
  const attestations = listed.filter(({ attestsTo }) => attestsTo !== null);
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      {image === null || document === null ? (
        problem === null && <p class="quiet">Loading…</p>
      ) : (
        <ImageTabs
          name={root.name}
          digest={root.digest}
          image={image}
          document={document}
          attestations={attestations}
          kind={whatItIs(image, document).kind}
          place={place}
        />
      )}
    </>
  );
}

/** `nginx` and `docker.io/library/nginx:latest` are the same to larder; that another registry's name answers is worth a word. */
function isSameName(asked: string, name: string): boolean {
  const [meant = ""] = asked.split("/");
  const isFull = asked.includes("/") && (/[.:]/.test(meant) || meant === "local" || meant === "localhost");
  return !isFull || splitName(name).namespace === meant;
}
