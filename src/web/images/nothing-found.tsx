import { CommandBlock } from "../parts/command-block.tsx";
import { EmptyState } from "../parts/empty-state.tsx";
import { BringImage } from "./bring-image.tsx";
import { hrefOfQuestion, type ImageQuestion, questionOf } from "./image-question.ts";

/** What one word has to be to be the name of an image. */
const NAME = /^(?:[a-z0-9.-]+(?::\d+)?\/)*[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[\w][\w.-]{0,127})?$/;

/** In the place of a list that has nothing of what is looked for. */
export function NothingFound(props: {
  readonly question: ImageQuestion;
  readonly mayAdminister: boolean;
  readonly onBrought: () => void;
}) {
  const { question, mayAdminister, onBrought } = props;
  const text = question.text.trim();
  const isNarrowed = hasFilters(question);
  const title = text === "" ? "No image is like this" : `No image here has “${text}” in its name`;
  return (
    <>
      <EmptyState title={title}>
        {isNarrowed && (
          <>
            Some are left out by what is chosen above.{" "}
            <a href={hrefOfQuestion({ ...questionOf(new URLSearchParams()), text: question.text })}>Look everywhere</a>
          </>
        )}
      </EmptyState>
      {NAME.test(text) && (
        <div class="bring">
          {mayAdminister ? (
            <BringImage image={text} onBrought={onBrought} />
          ) : (
            <>
              <p>Whoever may administer this larder brings it here:</p>
              <CommandBlock command={`larder cache ${text}`} label="the line that brings it here" />
            </>
          )}
        </div>
      )}
    </>
  );
}

function hasFilters({ namespace, kind, pinned, signed }: ImageQuestion): boolean {
  return namespace !== "" || kind !== "" || pinned !== "" || signed !== "";
}

/** What to do with a larder that holds nothing yet. */
export function FirstSteps() {
  const { host } = location;
  return (
    <section class="first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">No image is here yet. Three ways to begin:</h2>
      <h3>Pull through it</h3>
      <p>It fetches what it lacks, keeps it, and answers from disk from then on.</p>
      <CommandBlock
        command={`docker pull ${host}/docker.io/library/alpine:latest`}
        label="the line that pulls through larder"
      />
      <h3>Push your own</h3>
      <p>What you push wins over what its name’s registry has.</p>
      <CommandBlock
        command={`docker tag myapp:1 ${host}/myapp:1 && docker push ${host}/myapp:1`}
        label="the line that pushes"
      />
      <h3>Bring all that your manifests and charts name</h3>
      <p>Before the internet goes, or the first node comes.</p>
      <CommandBlock command={`larder preload --registry ${host} ./manifests`} label="the line that preloads" />
    </section>
  );
}
