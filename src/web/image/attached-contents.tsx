import { useMemo } from "preact/hooks";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { addressOf } from "../api/call.ts";
import { useAnswer } from "../api/use-answer.ts";
import { ProblemNote } from "../parts/problem-note.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { DocumentText } from "./document-text.tsx";
import type { Layer } from "./image-document.ts";
import { StatementFacts } from "./statement-facts.tsx";
import { DOCUMENT_LIMIT_BYTES, useFetched } from "./use-fetched.ts";

const LAYERS = 20;
/** What larder undoes of envelopes has this size at most. */
const UNDONE_LIMIT_BYTES = 1 << 20;

/** What something that is attached to an image consists of, readable: `image` is its name by its digest. */
export function AttachedContents({ image }: { readonly image: string }) {
  const inspected = useAnswer("getImage", { image });
  const said = useAnswer("listStatements", { image });
  const statements = useMemo(() => new Map(said.answer?.statements.map((one) => [one.layer, one])), [said.answer]);
  const layers = inspected.answer?.layers ?? [];
  const problem = inspected.problem ?? said.problem;
  const again = () => {
    inspected.again();
    said.again();
  };
  if (inspected.answer === null || said.answer === null) {
    return problem === null ? <p class="quiet">Reading…</p> : <ProblemNote problem={problem} again={again} />;
  }
  return (
    <>
      <ProblemNote problem={problem} again={again} />
      {layers.length === 0 && <p class="quiet">It has no content of its own.</p>}
      {layers.slice(0, LAYERS).map((layer) => {
        const statement = statements.get(layer.digest) ?? null;
        const isUndone = statement !== null && statement.form !== "other" && statement.why === null;
        return (
          <section key={layer.digest} class="attached-layer" aria-label="Content">
            {statement !== null &&
              (isUndone || layer.sizeBytes <= UNDONE_LIMIT_BYTES) &&
              statement.form !== "other" && <StatementFacts statement={statement} />}
            {isUndone && statement.payload !== null ? (
              <DocumentText text={statement.payload} label="What it says" />
            ) : (
              <Content image={image} layer={layer} />
            )}
            <p>
              <a href={addressOf("readImagePart", { image, part: layer.digest })} download>
                Save it as it is
              </a>{" "}
              <span class="quiet">
                {formatBytes(layer.sizeBytes)}, <StrangerText text={layer.mediaType} limit={200} />
              </span>
            </p>
          </section>
        );
      })}
      {layers.length > LAYERS && <p class="quiet">{layers.length - LAYERS} more are not shown.</p>}
    </>
  );
}

function Content({ image, layer }: { readonly image: string; readonly layer: Layer }) {
  const isReadable = layer.sizeBytes <= DOCUMENT_LIMIT_BYTES && isText(layer.mediaType);
  const address = isReadable ? addressOf("readImagePart", { image, part: layer.digest }) : null;
  const { text, problem, again } = useFetched(address);
  if (!isText(layer.mediaType)) return null;
  if (!isReadable) return <p class="quiet">It is larger than 16 MiB: save it to read it.</p>;
  if (problem !== null) return <ProblemNote problem={problem} again={again} />;
  return text === null ? <p class="quiet">Reading…</p> : <DocumentText text={text} label="What it says" />;
}

function isText(mediaType: string): boolean {
  return /json$|^text\/|xml$|yaml$|json;|dsse\.envelope|sigstore\.bundle/.test(mediaType);
}
