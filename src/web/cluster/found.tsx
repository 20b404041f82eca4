import { useMemo, useState } from "preact/hooks";
import type { FetchJobDetails, FetchJobState } from "../../admin/fetch-job-schemas.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { StrangerText } from "../parts/stranger-text.tsx";
import { BringMissing } from "./bring-missing.tsx";
import { type Discovered, keyOf, type NamedImage } from "./discovered.ts";
import { FileProblems } from "./file-problems.tsx";
import { FoundImages } from "./found-images.tsx";
import { countOf, summaryOf } from "./summary.ts";
import type { Given } from "./use-discovery.ts";

type Props = {
  readonly given: Given;
  readonly found: Discovered;
  readonly flags: string;
  /** The job that brings what is missing of it; null: none was begun. */
  readonly job: FetchJobDetails | null;
  readonly onBegun: (job: FetchJobState) => void;
  readonly onForget: () => void;
};

/** What was found in what somebody gave. */
export function Found({ given, found, flags, job, onBegun, onForget }: Props) {
  const [missingOnly, setMissingOnly] = useState(false);
  const [withoutGuesses, setWithoutGuesses] = useState(false);
  const missing = found.images.filter(({ state }) => state !== "whole");
  const coming = useMemo(() => new Map((job?.images ?? []).map((image) => [keyOf(image), image])), [job]);
  const rows = found.rows.filter((row) => isShown(row, missingOnly, withoutGuesses));
  const names = (images: readonly { readonly image: string }[]) =>
    [...new Set(images.map(({ image }) => image))]
      .sort()
      .map((name) => `${name}\n`)
      .join("");
  return (
    <section aria-labelledby="found">
      <h2 id="found">
        <StrangerText text={given.title} limit={200} />
      </h2>
      <p class="found-summary" role="status">
        {summaryOf(found.images)} <span class="quiet">{countOf(found.files, "file")} looked through.</span>
      </p>
      <div class="found-bring">
        <BringMissing
          title={given.title}
          missing={missing}
          flags={flags}
          isComing={job?.state === "running"}
          onBegun={onBegun}
        />
        <button type="button" onClick={onForget}>
          Clear
        </button>
      </div>
      <FileProblems problems={found.problems} notes={given.notes} />
      {found.left > 0 && <p class="note">{countOf(found.left, "thing")} more were found than are shown here.</p>}
      {found.rows.length === 0 ? (
        <EmptyState title="No images are named there">
          Larder looks through manifests, charts, kustomizations, Compose files, Dockerfiles and lists. A file that is
          given by itself is read whatever it is called; in folders the names decide.
        </EmptyState>
      ) : (
        <>
          <p class="found-filters">
            <label>
              <input type="checkbox" checked={missingOnly} onChange={() => setMissingOnly(!missingOnly)} />
              Missing only
            </label>
            <label>
              <input type="checkbox" checked={withoutGuesses} onChange={() => setWithoutGuesses(!withoutGuesses)} />
              Without guesses
            </label>
            <span>
              All images <CopyButton text={names(found.images)} label="the names of all images, a line each" />
            </span>
            {missing.length > 0 && (
              <span>
                Missing ones <CopyButton text={names(missing)} label="the names of missing images, a line each" />
              </span>
            )}
          </p>
          {rows.length === 0 ? <p class="quiet">Nothing is missing.</p> : <FoundImages rows={rows} coming={coming} />}
        </>
      )}
    </section>
  );
}

function isShown({ needed, isGuess }: NamedImage, missingOnly: boolean, withoutGuesses: boolean): boolean {
  if (withoutGuesses && isGuess) return false;
  return !missingOnly || (needed !== null && needed.state !== "whole");
}
