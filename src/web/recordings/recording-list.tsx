import { useState } from "preact/hooks";
import type { ListedRecording } from "../../admin/recording-schemas.ts";
import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { Chip } from "../parts/chip.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { hrefOf } from "../parts/route.ts";
import { TimeAgo } from "../parts/time-ago.tsx";
import { StartRecording } from "./start-recording.tsx";
import { RecordingButtons } from "./recording-buttons.tsx";

/** All recordings, those that run first. */
export function RecordingList() {
  const { answer, problem, again } = useAnswer("listRecordings", {});
  const [isStarting, setIsStarting] = useState(false);
  const recordings = [...(answer?.recordings ?? [])].sort(byRunning);
  useFresh({ changed: ["recordings"] }, again);
  return (
    <>
      <div class="recording-heading">
        <h1>Recordings</h1>
        <button type="button" class="primary" onClick={() => setIsStarting(true)}>
          Start a recording
        </button>
      </div>
      <ProblemNote problem={problem} again={again} />
      {answer !== null && recordings.length === 0 && (
        <EmptyState title="Nothing is being recorded" command="larder record start prod --from 10.0.0.0/8">
          A recording is the list of what your machines pull while it runs: names, tags, digests, platforms. What is in
          it is never evicted, and another larder can be filled from it.
        </EmptyState>
      )}
      {recordings.length > 0 && (
        <DataTable caption="Recordings" columns={columnsOf(again)} rows={recordings} keyOf={({ name }) => name} />
      )}
      {isStarting && (
        <StartRecording
          onClose={() => {
            setIsStarting(false);
            again();
          }}
        />
      )}
    </>
  );
}

function columnsOf(again: () => void): readonly Column<ListedRecording>[] {
  return [
    {
      id: "name",
      name: "Recording",
      cell: ({ name }) => <a href={hrefOf("recordings", name)}>{name}</a>,
    },
    { id: "status", name: "Status", cell: (recording) => <Status recording={recording} /> },
    { id: "images", name: "Images", isFigure: true, cell: ({ images }) => images.toLocaleString("en") },
    { id: "from", name: "From", cell: ({ from }) => (from.length === 0 ? "everywhere" : from.join(", ")) },
    {
      id: "started",
      name: "Started",
      cell: ({ startedAtMs, who }) => (
        <>
          <TimeAgo atMs={startedAtMs} />
          {who !== null && <span class="quiet"> by {who}</span>}
        </>
      ),
    },
    { id: "stopped", name: "Stopped", cell: ({ stoppedAtMs }) => <TimeAgo atMs={stoppedAtMs} never="–" /> },
    { id: "do", name: "", cell: (recording) => <RecordingButtons recording={recording} onChange={again} /> },
  ];
}

/** Does it run, and is there room in it? */
export function Status({ recording }: { readonly recording: ListedRecording }) {
  return (
    <span>
      {isRunning(recording) ? <Chip tone="good">running</Chip> : <Chip>stopped</Chip>}
      {recording.fullAtMs !== null && (
        <>
          {" "}
          <Chip tone="warn" title="What was pulled since then may be missing from it">
            full
          </Chip>
        </>
      )}
    </span>
  );
}

function isRunning({ stoppedAtMs }: ListedRecording): boolean {
  return stoppedAtMs === null;
}

function byRunning(a: ListedRecording, b: ListedRecording): number {
  if (isRunning(a) !== isRunning(b)) return isRunning(a) ? -1 : 1;
  return b.startedAtMs - a.startedAtMs;
}
