import { useState } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { Chip, type Tone } from "../parts/chip.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import type { JobImage } from "./job-words.ts";

const SHOWN = 100;

const STATES: Readonly<
  Record<JobImage["state"], { readonly word: string; readonly tone: Tone; readonly rank: number }>
> = {
  fetching: { word: "on its way", tone: "accent", rank: 0 },
  failed: { word: "failed", tone: "bad", rank: 1 },
  paused: { word: "waits for its registry", tone: "warn", rank: 2 },
  waiting: { word: "to come", tone: "plain", rank: 3 },
  cancelled: { word: "cancelled", tone: "plain", rank: 4 },
  brought: { word: "brought", tone: "good", rank: 5 },
  present: { word: "was here", tone: "good", rank: 6 },
};

/** A job's image in a word, or as far as it has come. */
export function JobImageState({ image }: { readonly image: JobImage }) {
  const { state, bytes, sizeBytes } = image;
  if (state !== "fetching") return <Chip tone={STATES[state].tone}>{STATES[state].word}</Chip>;
  return (
    <ProgressBar label={`${image.image} on its way`} value={bytes} max={sizeBytes}>
      {sizeBytes === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(sizeBytes)}`}
    </ProgressBar>
  );
}

/** Why it failed or waits. */
export function reasonOf({ reason, state, untilMs }: JobImage): string | null {
  if (state !== "paused" || untilMs === null) return reason;
  const time = new Date(untilMs).toLocaleTimeString();
  return `${reason ?? "its registry wants to be left alone"}; asked again at ${time}`;
}

const COLUMNS: readonly Column<JobImage>[] = [
  { id: "image", name: "Image", cell: ({ image }) => <StrangerText text={image} limit={300} /> },
  { id: "state", name: "State", cell: (image) => <JobImageState image={image} /> },
  { id: "bytes", name: "Came", isFigure: true, cell: ({ bytes }) => (bytes === 0 ? "" : formatBytes(bytes)) },
  {
    id: "reason",
    name: "Reason",
    cell: (image) => {
      const reason = reasonOf(image);
      return reason === null ? "" : <StrangerText text={reason} limit={600} />;
    },
  },
];

/** The images of a job: those that move or failed first. */
export function JobImages({ images }: { readonly images: readonly JobImage[] }) {
  const [limit, setLimit] = useState(SHOWN);
  const sorted = [...images].sort((a, b) => STATES[a.state].rank - STATES[b.state].rank || a.index - b.index);
  return (
    <>
      <DataTable
        caption="The images of this list"
        columns={COLUMNS}
        rows={sorted.slice(0, limit)}
        keyOf={({ index }) => index}
      />
      {images.length > limit && (
        <MoreButton
          onMore={() => setLimit((before) => before + SHOWN)}
          isAsking={false}
          shown={`${limit} of ${images.length} images`}
          hasMore
        />
      )}
    </>
  );
}
