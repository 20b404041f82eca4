import { useEffect, useRef } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useAnswer } from "../api/use-answer.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { safeText } from "../parts/safe-text.ts";

type Props = { readonly image: string; readonly layer: string; readonly path: string; readonly onClose: () => void };

/** The beginning of a text file of a layer. */
export function FileText({ image, layer, path, onClose }: Props) {
  const { answer, problem, again } = useAnswer("readLayerText", { image, layer, path });
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [path]);
  return (
    <section class="panel file-text" aria-label="File">
      <h4 tabIndex={-1} ref={heading}>
        <bdi>{safeText(path, 300)}</bdi>{" "}
        {answer !== null && answer.path === path && answer.text !== null && (
          <CopyButton text={answer.text} label="the text" />
        )}{" "}
        <button type="button" onClick={onClose}>
          Close
        </button>
      </h4>
      <ProblemNote problem={problem} again={again} />
      {answer === null || answer.path !== path ? (
        problem === null && <p class="quiet">Reading…</p>
      ) : answer.text === null ? (
        <p class="quiet">It is no text ({formatBytes(answer.sizeBytes)}).</p>
      ) : (
        <>
          <pre tabIndex={0} role="group" aria-label="Text of the file">
            {answer.text === "" ? "(empty)" : safeText(answer.text, 70_000)}
          </pre>
          {answer.isCut && <p class="quiet">Shown are the first 64 KiB of {formatBytes(answer.sizeBytes)}.</p>}
        </>
      )}
    </section>
  );
}
