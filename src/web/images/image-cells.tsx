import type { FoundImage, FoundRepository } from "../../admin/search-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { Chip } from "../parts/chip.tsx";
import { hrefOf } from "../parts/route.ts";
import { TimeAgo } from "../parts/time-ago.tsx";
import { countOf } from "./format-count.ts";
import { hrefOfQuestion, type ImageQuestion, type Sort } from "./image-question.ts";

const PLATFORMS_SHOWN = 3;

/** The heads of the columns, which sort. */
export function Heads({
  question,
  onSort,
}: {
  readonly question: ImageQuestion;
  readonly onSort: (sort: Sort) => void;
}) {
  const isTags = question.rows === "tags";
  return (
    <>
      {isTags && (
        <span role="columnheader" class="cell-choice">
          <span class="off-screen">Chosen</span>
        </span>
      )}
      <Head name={isTags ? "Image" : "Repository"} sort="name" question={question} onSort={onSort} class="cell-name" />
      {isTags ? (
        <span role="columnheader" class="cell-kind">
          Kind
        </span>
      ) : (
        <Head name="Tags" sort="tags" question={question} onSort={onSort} class="cell-kind" />
      )}
      <Head name="Size" sort="size" question={question} onSort={onSort} class="cell-size" />
      <span role="columnheader" class="cell-platforms">
        {isTags ? "Platforms" : "Pushed"}
      </span>
      <Head name="Added" sort="updated" question={question} onSort={onSort} class="cell-updated" />
      <Head name="Last pulled" sort="pulled" question={question} onSort={onSort} class="cell-pulled" />
    </>
  );
}

type HeadProps = {
  readonly name: string;
  readonly sort: Sort;
  readonly question: ImageQuestion;
  readonly onSort: (sort: Sort) => void;
  readonly class: string;
};

function Head({ name, sort, question, onSort, class: place }: HeadProps) {
  // Without words the best match is the first name.
  const by = question.sort === "match" && question.text.trim() === "" ? "name" : question.sort;
  const state = by !== sort ? "none" : question.isDescending ? "descending" : "ascending";
  return (
    <span role="columnheader" aria-sort={state} class={place}>
      <button type="button" class="sort" onClick={() => onSort(sort)}>
        {name}
        <span aria-hidden="true">{state === "none" ? "" : state === "descending" ? " ↓" : " ↑"}</span>
      </button>
    </span>
  );
}

type ImageProps = {
  readonly image: FoundImage;
  readonly isChosen: boolean;
  readonly onChoose: (isChosen: boolean) => void;
};

/** An image's row. */
export function ImageCells({ image, isChosen, onChoose }: ImageProps) {
  const { name, digest, kind, covers, sizeBytes, platforms, signed, pin, heldBy, updatedAtMs, pulledAtMs } = image;
  const colon = name.lastIndexOf(":");
  return (
    <>
      <span role="gridcell" class="cell-choice">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Choose ${name}`}
          checked={isChosen}
          onChange={({ currentTarget }) => onChoose(currentTarget.checked)}
        />
      </span>
      <span role="gridcell" class="cell-name">
        <a href={hrefOf("image", name)} tabIndex={-1} title={`${name}\n${digest}`}>
          <span class="name-repository">{name.slice(0, colon)}</span>
          <span class="name-tag">{name.slice(colon)}</span>
        </a>
        {pin !== null && (
          <Chip tone="accent" title={`kept by the pin ${pin}`}>
            pinned
          </Chip>
        )}
        {pin === null && heldBy !== null && <Chip title={`kept by ${heldBy}`}>kept</Chip>}
        {signed === true && (
          <Chip
            tone="good"
            title="There are signatures of it here. Whether they are the right ones its own page tells."
          >
            signed
          </Chip>
        )}
      </span>
      <span role="gridcell" class="cell-kind">
        {kind === "pushed" ? <Chip tone="accent">pushed</Chip> : <Chip>cached</Chip>}
        {covers && (
          <span
            class="quiet"
            title="A cached image has the same name, and answers by it again when the pushed one goes."
          >
            {" "}
            covers cached
          </span>
        )}
      </span>
      <span role="gridcell" class="cell-size figure">
        {sizeBytes === null ? <span class="quiet">measuring…</span> : formatBytes(sizeBytes)}
      </span>
      <span role="gridcell" class="cell-platforms" title={platforms?.join(", ")}>
        {platforms?.slice(0, PLATFORMS_SHOWN).map((platform) => (
          <Chip key={platform}>{platform.replace(/^linux\//, "")}</Chip>
        ))}
        {(platforms?.length ?? 0) > PLATFORMS_SHOWN && (
          <span class="quiet">+{(platforms?.length ?? 0) - PLATFORMS_SHOWN}</span>
        )}
      </span>
      <span role="gridcell" class="cell-updated">
        <TimeAgo atMs={updatedAtMs} />
      </span>
      <span role="gridcell" class="cell-pulled">
        <Pulled atMs={pulledAtMs} />
      </span>
    </>
  );
}

/** A repository's row. */
export function RepositoryCells(props: { readonly repository: FoundRepository; readonly question: ImageQuestion }) {
  const { name, tags, pushedTags, sizeBytes, updatedAtMs, pulledAtMs } = props.repository;
  return (
    <>
      <span role="gridcell" class="cell-name">
        <a href={hrefOfRepository(props.question, name)} tabIndex={-1} title={name}>
          <span class="name-repository">{name}</span>
        </a>
      </span>
      <span role="gridcell" class="cell-kind">
        {countOf(tags, "tag")}
      </span>
      <span role="gridcell" class="cell-size figure">
        {formatBytes(sizeBytes)}
      </span>
      <span role="gridcell" class="cell-platforms">
        {pushedTags === 0 ? (
          <span class="quiet">none</span>
        ) : (
          <Chip tone="accent">{countOf(pushedTags, "tag")} pushed</Chip>
        )}
      </span>
      <span role="gridcell" class="cell-updated">
        <TimeAgo atMs={updatedAtMs} />
      </span>
      <span role="gridcell" class="cell-pulled">
        <Pulled atMs={pulledAtMs} />
      </span>
    </>
  );
}

/** On a card, which has no heads, it says what the time is of. */
function Pulled({ atMs }: { readonly atMs: number | null }) {
  return (
    <>
      <span class="for-narrow quiet">{atMs === null ? "" : "pulled "}</span>
      <TimeAgo atMs={atMs} />
      <span class="for-narrow quiet">{atMs === null ? " pulled" : ""}</span>
    </>
  );
}

/** The tags of a repository, of those that are looked for. */
export function hrefOfRepository(question: ImageQuestion, repository: string): string {
  return hrefOfQuestion({ ...question, text: `${repository}:`, rows: "tags", sort: "name", isDescending: false });
}

/** In the place of a row that has not come yet. */
export function WaitingCells() {
  return (
    <span role="gridcell" class="cell-name quiet">
      …
    </span>
  );
}
