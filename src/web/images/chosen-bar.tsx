import { useState } from "preact/hooks";
import type { FoundImage } from "../../admin/search-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { type ApiProblem, asProblem } from "../api/api-problem.ts";
import { announce } from "../parts/announcer.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { countOf } from "./format-count.ts";
import { pinImages, pinsOf, unpin } from "./pin-actions.ts";

/** What whoever looks may do with images; a sentence says why not, null: they may. */
export type Rights = { readonly whyNotRemove: string | null; readonly whyNotPin: string | null };

type Props = {
  readonly images: readonly FoundImage[];
  readonly rights: Rights;
  readonly onRemove: () => void;
  /** Pins have changed. */
  readonly onPinned: () => void;
  readonly onClear: () => void;
};

/** What can be done with the images that are chosen. */
export function ChosenBar({ images, rights, onRemove, onPinned, onClear }: Props) {
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isUnpinning, setIsUnpinning] = useState(false);
  const bytes = images.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  const pins = pinsOf(images);
  const act = async (work: () => Promise<void>, said: string) => {
    setProblem(null);
    try {
      await work();
      announce(said);
    } catch (failure) {
      setProblem(asProblem(failure));
    }
    onPinned();
  };
  const takeAway = () =>
    act(() => unpin(pins.map(({ pin }) => pin)), `${countOf(pins.length, "pin was", "pins were")} taken away`);
  return (
    <div class="chosen" role="region" aria-label="What is chosen">
      <p>
        {countOf(images.length, "image")} chosen, {formatBytes(bytes)}
      </p>
      <div class="buttons">
        <Action name="Remove" why={rights.whyNotRemove} onClick={onRemove} />
        <Action
          name="Pin"
          why={rights.whyNotPin}
          onClick={() =>
            void act(() => pinImages(images), `${countOf(images.length, "image is", "images are")} pinned`)
          }
        />
        {pins.length > 0 && (
          <Action
            name="Unpin"
            why={rights.whyNotPin}
            onClick={() => (pins.some(({ isWide }) => isWide) ? setIsUnpinning(true) : void takeAway())}
          />
        )}
        <button type="button" onClick={onClear}>
          Choose none
        </button>
      </div>
      <ProblemNote problem={problem} />
      {isUnpinning && (
        <ConfirmDialog
          title="Take these pins away?"
          action="Unpin"
          isDangerous
          onConfirm={takeAway}
          onClose={() => setIsUnpinning(false)}
        >
          <p>They keep other images, too, which may go by themselves from then on:</p>
          <ul>
            {pins.map(({ pin }) => (
              <li key={pin}>
                <code>{pin}</code>
              </li>
            ))}
          </ul>
        </ConfirmDialog>
      )}
    </div>
  );
}

function Action(props: { readonly name: string; readonly why: string | null; readonly onClick: () => void }) {
  const { name, why, onClick } = props;
  return (
    <button
      type="button"
      aria-disabled={why !== null}
      title={why ?? undefined}
      onClick={() => why === null && onClick()}
    >
      {name}
    </button>
  );
}
