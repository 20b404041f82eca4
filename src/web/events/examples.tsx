import { useAnswer } from "../api/use-answer.ts";
import { useFresh } from "../api/use-fresh.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { ShortName } from "../parts/short-name.tsx";
import { MessageBody } from "./message-body.tsx";

/** What happened last, as whoever takes CloudEvents is told of it. */
export function Examples() {
  const { answer, problem, again } = useAnswer("listExamples", {});
  useFresh({ happened: true }, again);
  return (
    <>
      <h2>What is sent</h2>
      <p class="quiet">
        The last things that happened here, as CloudEvents. Whoever takes registry:2's notifications gets the same in
        its words.
      </p>
      <ProblemNote problem={problem} again={again} />
      {answer?.bodies.length === 0 && <p class="quiet">Nothing has happened yet: push an image, or pull one.</p>}
      {answer?.bodies.map((body, index) => (
        <details key={body} class="example" open={index === 0}>
          <summary>
            <ShortName text={titleOf(body)} />
          </summary>
          <MessageBody contentType={answer.contentType} body={body} />
        </details>
      ))}
    </>
  );
}

function titleOf(body: string): string {
  const { type, subject } = JSON.parse(body) as { readonly type: string; readonly subject?: string };
  return subject === undefined ? type : `${type}: ${subject}`;
}
