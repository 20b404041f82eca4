import { useEffect, useRef, useState } from "preact/hooks";
import type { FoundImage } from "../../admin/search-schemas.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { asProblem } from "../api/api-problem.ts";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { ProgressBar } from "../parts/progress-bar.tsx";
import { countOf } from "./format-count.ts";

/** Names that are read out one by one. */
const NAMED = 8;

type Failure = { readonly image: FoundImage; readonly why: string };
type State =
  | { readonly kind: "asking" }
  | { readonly kind: "removing"; readonly done: number; readonly of: number }
  | { readonly kind: "failed"; readonly done: number; readonly failures: readonly Failure[] };

type Props = {
  readonly images: readonly FoundImage[];
  /** May whoever looks remove what a rule makes immutable? */
  readonly mayForce: boolean;
  /** Some were removed. */
  readonly onRemoved: (names: readonly string[]) => void;
  readonly onClose: () => void;
};

/** Asks before images are removed, says what happens then, and what could not be removed. */
export function RemoveDialog({ images, mayForce, onRemoved, onClose }: Props) {
  const [state, setState] = useState<State>({ kind: "asking" });
  const left = useRef(new AbortController());
  useEffect(() => () => left.current.abort(), []);
  const remove = async (some: readonly FoundImage[], isForced: boolean, before: number) => {
    const failures: Failure[] = [];
    const removed: string[] = [];
    for (const [at, image] of some.entries()) {
      if (left.current.signal.aborted) break;
      setState({ kind: "removing", done: at, of: some.length });
      const why = await removeOne(image, isForced);
      if (why === null) removed.push(image.name);
      else failures.push({ image, why });
    }
    if (removed.length > 0) {
      onRemoved(removed);
      announce(removed.length === 1 ? `${removed[0]} was removed` : `${countOf(removed.length, "image")} were removed`);
    }
    if (left.current.signal.aborted) return;
    if (failures.length === 0) onClose();
    else setState({ kind: "failed", done: before + removed.length, failures });
  };
  if (state.kind === "removing") {
    return (
      <Dialog
        title="Removing…"
        onClose={onClose}
        buttons={
          <button type="button" onClick={onClose}>
            Stop
          </button>
        }
      >
        <ProgressBar label="Images that were removed" value={state.done} max={state.of}>
          {state.done} of {state.of}
        </ProgressBar>
      </Dialog>
    );
  }
  if (state.kind === "failed") {
    const again = state.failures.map(({ image }) => image);
    return (
      <Dialog
        title={state.done === 0 ? "Nothing was removed" : `${countOf(again.length, "image")} could not be removed`}
        onClose={onClose}
        buttons={
          <>
            <button type="button" onClick={onClose}>
              Close
            </button>
            <button type="button" onClick={() => void remove(again, false, state.done)}>
              Try again
            </button>
            {mayForce && (
              <button type="button" class="danger" onClick={() => void remove(again, true, state.done)}>
                Remove even what is immutable
              </button>
            )}
          </>
        }
      >
        {state.done > 0 && <p>{countOf(state.done, "image was", "images were")} removed.</p>}
        <ul class="removal-failures" role="alert">
          {state.failures.slice(0, NAMED).map(({ image, why }) => (
            <li key={image.name}>
              <strong>{image.name}</strong>: {why}
            </li>
          ))}
        </ul>
        {state.failures.length > NAMED && <p>… and {state.failures.length - NAMED} more.</p>}
      </Dialog>
    );
  }
  const buttons = (
    <>
      <button type="button" onClick={onClose}>
        Cancel
      </button>
      <button type="button" class="danger" onClick={() => void remove(images, false, 0)}>
        Remove
      </button>
    </>
  );
  return (
    <Dialog title={titleOf(images)} onClose={onClose} buttons={buttons}>
      <What images={images} />
    </Dialog>
  );
}

/** Why it was not removed; null: it was. */
async function removeOne({ name, digest }: FoundImage, isForced: boolean): Promise<string | null> {
  try {
    // What is shown is what goes: a tag that leads elsewhere by now stays.
    await call("removeImage", { image: name, digest, ...(isForced && { force: "true" as const }) });
    return null;
  } catch (failure) {
    const { code, message } = asProblem(failure);
    return code === "MANIFEST_UNKNOWN" ? "it has gone already, or is another image by now" : message;
  }
}

function titleOf(images: readonly FoundImage[]): string {
  return images.length === 1 ? `Remove ${images[0]?.name}?` : `Remove ${countOf(images.length, "image")}?`;
}

function What({ images }: { readonly images: readonly FoundImage[] }) {
  const covering = images.filter(({ covers }) => covers).length;
  const cached = images.filter(({ kind, covers }) => kind === "cached" && !covers).length;
  const pinned = images.filter(({ pin }) => pin !== null).length;
  const bytes = images.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  return (
    <>
      {images.length > 1 && (
        <ul class="removal-names">
          {images.slice(0, NAMED).map(({ name }) => (
            <li key={name}>{name}</li>
          ))}
          {images.length > NAMED && <li>… and {images.length - NAMED} more</li>}
        </ul>
      )}
      <p>
        <strong>This cannot be undone.</strong> Up to {formatBytes(bytes)} come free with the next collection; what
        other images share stays.
      </p>
      {covering > 0 && (
        <p>
          {covering === images.length && covering === 1
            ? "The cached image of the same name answers by it again."
            : `${countOf(covering, "pushed image covers", "pushed images cover")} a cached one, which answers by that name again.`}
        </p>
      )}
      {cached > 0 && <p>What is cached is fetched from its registry again when somebody pulls it.</p>}
      {pinned > 0 && (
        <p>
          {countOf(pinned, "is", "are")} pinned: a pin keeps images from going by themselves, not from being removed.
        </p>
      )}
    </>
  );
}
