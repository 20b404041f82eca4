import { useCallback, useEffect, useState } from "preact/hooks";
import { type RecordedRow, recordedRows } from "../../admin/recorded-rows.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { DigestText } from "../parts/digest-text.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { Field } from "../parts/field.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { go, hrefOf } from "../parts/route.ts";
import { TimeAgo } from "../parts/time-ago.tsx";
import { ExportButtons } from "./export-buttons.tsx";
import { RecordingButtons } from "./recording-buttons.tsx";
import { Status } from "./recording-list.tsx";
import { WholeCheck } from "./whole-check.tsx";

const PAGE = 100;
/** As many as larder gives at once. */
const MOST = 1000;
const TYPING_MS = 250;

/** What is in one recording. */
export function RecordingLook({ name, query }: { readonly name: string; readonly query: URLSearchParams }) {
  const search = query.get("search") ?? "";
  const [limit, setLimit] = useState(PAGE);
  const asked = useAnswer("getRecording", { name, limit, ...(search === "" ? {} : { search }) });
  const { answer, problem, isAsking, again } = asked;
  const recording = answer?.recording ?? null;
  useFresh({ changed: ["recordings"] }, again);
  const leave = useCallback(() => go(hrefOf("recordings")), []);
  const rows = answer?.images.flatMap(recordedRows) ?? [];
  return (
    <>
      <p>
        <a href={hrefOf("recordings")}>All recordings</a>
      </p>
      <div class="recording-heading">
        <h1>{name}</h1>
        {recording !== null && <Status recording={recording} />}
        {recording !== null && (
          <RecordingButtons recording={recording} onChange={recording.stoppedAtMs === null ? again : leave} />
        )}
      </div>
      <ProblemNote problem={problem} again={again} />
      {recording !== null && (
        <p>
          {recording.images.toLocaleString("en")} {recording.images === 1 ? "image" : "images"}, pulled{" "}
          {recording.from.length === 0 ? "from everywhere" : `from ${recording.from.join(", ")}`}, since{" "}
          <TimeAgo atMs={recording.startedAtMs} />
          {recording.stoppedAtMs !== null && (
            <>
              {" "}
              until <TimeAgo atMs={recording.stoppedAtMs} />
            </>
          )}
          .
        </p>
      )}
      {recording !== null && recording.images > 0 && (
        <>
          <ExportButtons name={name} />
          <WholeCheck name={name} />
          <Search name={name} search={search} />
        </>
      )}
      {recording?.images === 0 && (
        <EmptyState title="Nothing was pulled so far" command={`larder record show ${name}`}>
          Pull something from this larder, or restart what runs on your nodes: it appears here within a second or two.
        </EmptyState>
      )}
      {answer !== null && rows.length > 0 && (
        <DataTable caption={`What is in ${name}`} columns={COLUMNS} rows={rows} keyOf={keyOf} />
      )}
      {answer !== null && rows.length === 0 && search !== "" && (
        <p class="quiet">Nothing in it has “{search}” in its name.</p>
      )}
      {answer !== null && rows.length > 0 && (
        <MoreButton
          shown={`${answer.images.length} of ${answer.recording.images} images`}
          hasMore={answer.next !== null && limit < MOST}
          isAsking={isAsking}
          onMore={() => setLimit(Math.min(MOST, limit * 2))}
        />
      )}
      {answer !== null && answer.next !== null && limit >= MOST && (
        <p class="quiet">Search for the others, or take the whole list with you: the buttons above give all of it.</p>
      )}
    </>
  );
}

const COLUMNS: readonly Column<RecordedRow>[] = [
  {
    id: "image",
    name: "Image",
    cell: ({ image, tag, digest }) => (
      <a href={hrefOf("image", tag === null ? image : `${image}@${digest}`)}>{image.split("@")[0]}</a>
    ),
  },
  {
    id: "digest",
    name: "Digest",
    cell: ({ digest, image }) => <DigestText digest={digest} of={`digest of ${image}`} />,
  },
  {
    id: "platform",
    name: "Platform",
    cell: ({ platform, kind }) => platform ?? <span class="quiet">{whatItIs(kind)}</span>,
  },
  { id: "size", name: "Size", isFigure: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { id: "first", name: "First pulled", cell: ({ atMs }) => <TimeAgo atMs={atMs} /> },
  { id: "by", name: "By", cell: ({ who, from }) => [who, from].filter((one) => one !== null).join(" at ") || "–" },
];

function whatItIs(kind: RecordedRow["kind"]): string {
  return kind === "image" || kind === "index" ? "not known" : kind;
}

function keyOf({ image, digest, platformDigest }: RecordedRow): string {
  return `${image} ${digest} ${platformDigest}`;
}

function Search({ name, search }: { readonly name: string; readonly search: string }) {
  const [text, setText] = useState(search);
  useEffect(() => {
    if (text === search) return undefined;
    const timer = setTimeout(() => go(hrefOf("recordings", name, { search: text }), false), TYPING_MS);
    return () => clearTimeout(timer);
  }, [name, text, search]);
  return (
    <Field label="Search">
      {(tied) => (
        <input
          {...tied}
          type="search"
          data-search=""
          value={text}
          maxLength={500}
          spellcheck={false}
          placeholder="A part of a name, tag or digest"
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
