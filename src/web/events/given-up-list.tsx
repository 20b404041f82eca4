import { useEffect, useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { useAnswer } from "../api/use-answer.ts";
import { announce } from "../parts/announcer.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { MoreButton } from "../parts/more-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ShortName } from "../parts/short-name.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { TimeAgo } from "../parts/time-ago.tsx";
import { MessageBody } from "./message-body.tsx";

type GivenUp = AnswerOf<"listGivenUp">["notifications"][number];

const PAGE = 50;
/** A page that is left open does not grow without end; larder keeps no more for an endpoint. */
const MOST = 1000;

type Props = {
  /** How many there are: when that changes, they are asked for anew. */
  readonly count: number;
  readonly onChange: () => void;
};

/** What was given up: why, what it was, and what becomes of it. */
export function GivenUpList({ count, onChange }: Props) {
  const [limit, setLimit] = useState(PAGE);
  const { answer, problem, isAsking, again } = useAnswer("listGivenUp", { limit });
  const [shown, setShown] = useState<GivenUp | null>(null);
  const [dropped, setDropped] = useState<GivenUp | null>(null);
  useEffect(again, [count]);
  const refresh = () => {
    again();
    onChange();
  };
  const retry = (one: GivenUp) =>
    call("retryNotifications", { endpoint: one.endpoint, number: one.number }).then(
      () => (announce(`${subjectOf(one)} waits for ${one.endpoint} again`), refresh()),
      (failure: unknown) => announce(asProblem(failure).message),
    );
  if (answer === null) return <ProblemNote problem={problem} again={again} />;
  if (answer.notifications.length === 0) return <p class="quiet">Nothing was given up.</p>;
  const columns: readonly Column<GivenUp>[] = [
    { id: "what", name: "What", cell: What },
    { id: "endpoint", name: "Endpoint", cell: ({ endpoint }) => endpoint },
    { id: "at", name: "Given up", cell: ({ givenUpAtMs }) => <TimeAgo atMs={givenUpAtMs} /> },
    { id: "why", name: "Why", cell: Why },
    {
      id: "do",
      name: "Actions",
      cell: (one) => (
        <div class="buttons">
          <button type="button" onClick={() => setShown(one)}>
            Show<span class="off-screen"> {subjectOf(one)}</span>
          </button>
          <button type="button" onClick={() => void retry(one)}>
            Retry<span class="off-screen"> {subjectOf(one)}</span>
          </button>
          <button type="button" onClick={() => setDropped(one)}>
            Drop<span class="off-screen"> {subjectOf(one)}</span>
          </button>
        </div>
      ),
    },
  ];
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      <DataTable caption="Given up" columns={columns} rows={answer.notifications} keyOf={({ number }) => number} />
      <MoreButton
        onMore={() => setLimit(Math.min(MOST, limit + PAGE))}
        isAsking={isAsking}
        shown={`${answer.notifications.length} notifications`}
        hasMore={answer.next !== null && limit < MOST}
      />
      {shown !== null && <Body of={shown} onClose={() => setShown(null)} />}
      {dropped !== null && (
        <ConfirmDialog
          title={`Let go of ${subjectOf(dropped)}?`}
          action="Drop"
          isDangerous
          onConfirm={async () => {
            const { endpoint, number } = dropped;
            await call("dropNotifications", { endpoint, what: "given-up", number });
            announce(`${subjectOf(dropped)} is never told to ${endpoint}`);
            refresh();
          }}
          onClose={() => setDropped(null)}
        >
          <p>{dropped.endpoint} is never told of it.</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function What({ kind, subject, atMs }: GivenUp) {
  return (
    <div class="endpoint-name">
      <span>
        <b>{kind}</b> {subject !== null && <ShortName text={subject} />}
      </span>
      <span class="quiet">
        <TimeAgo atMs={atMs} />
      </span>
    </div>
  );
}

function Why({ failure, attempts }: GivenUp) {
  return (
    <div>
      <StrangerText text={failure} limit={300} />
      <span class="quiet"> after {attempts + 1} attempts</span>
    </div>
  );
}

/** The body as it would be sent now. */
function Body({ of, onClose }: { readonly of: GivenUp; readonly onClose: () => void }) {
  const [answer, setAnswer] = useState<AnswerOf<"getGivenUp"> | null>(null);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  useEffect(() => {
    const left = new AbortController();
    call("getGivenUp", { number: String(of.number) }, left.signal).then(setAnswer, (failure: unknown) => {
      if (!left.signal.aborted) setProblem(asProblem(failure));
    });
    return () => left.abort();
  }, [of.number]);
  return (
    <Dialog title={`What ${of.endpoint} did not take`} onClose={onClose}>
      <p>
        <StrangerText text={of.failure} limit={300} />
      </p>
      <ProblemNote problem={problem} />
      {answer !== null && (
        <>
          <MessageBody contentType={answer.contentType} body={answer.body} />
          {answer.isCut && <p class="quiet">It is longer, and was cut here.</p>}
        </>
      )}
    </Dialog>
  );
}

function subjectOf({ kind, subject }: GivenUp): string {
  return subject === null ? kind : `${kind} ${subject}`;
}
