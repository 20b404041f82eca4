import { useEffect, useState } from "preact/hooks";
import type { ListedEvent } from "../../admin/live-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useLive } from "../api/live.ts";
import { useAnswer } from "../api/use-answer.ts";
import { Chip, type Tone } from "../parts/chip.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ShortName } from "../parts/short-name.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";

/** However long the page stays open. */
const SHOWN = 200;

const TONES: Readonly<Partial<Record<ListedEvent["event"], Tone>>> = {
  pushed: "accent",
  cached: "good",
  imported: "good",
  damaged: "bad",
  healed: "good",
  evicted: "warn",
};

/** What happened to images, the newest first. */
export function HappenedSection() {
  const { answer, problem, again } = useAnswer("listEvents", { limit: SHOWN });
  const [news, setNews] = useState<readonly ListedEvent[]>([]);
  // What an answer has, it has.
  useEffect(() => setNews([]), [answer]);
  useLive((message) => {
    if (message.kind === "changed" && message.what === "everything") again();
    if (message.kind !== "happened") return;
    const { kind: _, ...event } = message;
    setNews((before) => [event, ...before].slice(0, SHOWN));
  });
  const events = joined(news, answer?.events ?? []);
  return (
    <section aria-labelledby="happened">
      <h2 id="happened">What happened</h2>
      <ProblemNote problem={problem} again={again} />
      {events.length === 0 && answer !== null && (
        <EmptyState
          title="Nothing has happened yet"
          command={`podman pull ${location.host}/docker.io/library/alpine:3`}
        >
          Pull an image through larder, and it is kept here.
        </EmptyState>
      )}
      {events.length > 0 && (
        <ol class="happened" tabIndex={0} aria-labelledby="happened">
          {events.map((event) => (
            <Line key={event.id} event={event} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Line({ event }: { readonly event: ListedEvent }) {
  const { atMs, event: kind, image, sizeBytes, who, from, digest } = event;
  const by = who ?? from;
  return (
    <li>
      <Chip tone={TONES[kind] ?? "plain"}>{kind}</Chip>{" "}
      <ShortName text={image ?? digest ?? "blobs that nothing needed"} />{" "}
      <span class="quiet">
        {sizeBytes !== null && `${formatBytes(sizeBytes)} · `}
        {by !== null && (
          <>
            by <StrangerText text={by} limit={80} />
            {" · "}
          </>
        )}
        <TimeAgo atMs={atMs} />
      </span>
    </li>
  );
}

/** Each once: what was told and asked for at the same time is in both. */
function joined(news: readonly ListedEvent[], known: readonly ListedEvent[]): readonly ListedEvent[] {
  const newest = known[0]?.id ?? 0;
  return [...news.filter(({ id }) => id > newest), ...known].slice(0, SHOWN);
}
