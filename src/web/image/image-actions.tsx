import { useState } from "preact/hooks";
import { call } from "../api/call.ts";
import { announce } from "../parts/announcer.tsx";
import { ConfirmDialog } from "../parts/confirm-dialog.tsx";
import { go, hrefOf } from "../parts/route.ts";
import { StrangerText } from "../parts/stranger-text.tsx";
import type { Rights } from "./use-rights.ts";

type Props = {
  readonly name: string;
  readonly digest: string;
  readonly hasTag: boolean;
  /** Is a pin's pattern just this name? Null: that is not known to who looks. */
  readonly isPinned: boolean | null;
  readonly rights: Rights;
  /** Something has changed. */
  readonly onChange: () => void;
};

/** What can be done to an image by who looks: keep it, remove it. What may not be done says why. */
export function ImageActions({ name, digest, hasTag, isPinned, rights, onChange }: Props) {
  const [asks, setAsks] = useState<"remove" | "pin" | null>(null);
  const close = () => setAsks(null);
  const remove = async () => {
    await call("removeImage", { image: name, digest });
    announce(`${name} was removed`);
    go(hrefOf("images"));
  };
  const pin = async () => {
    if (isPinned === true) await call("removePin", { pin: name });
    else await call("addPin", { pin: name });
    announce(isPinned === true ? `${name} is pinned no more` : `${name} is pinned`);
    onChange();
  };
  return (
    <div class="buttons">
      <Action text={isPinned === true ? "Unpin" : "Pin"} why={rights.administer} onClick={() => setAsks("pin")} />
      <Action text="Remove" why={rights.delete} isDangerous onClick={() => setAsks("remove")} />
      {asks === "pin" && (
        <ConfirmDialog
          title={isPinned === true ? "Unpin it?" : "Pin it?"}
          action={isPinned === true ? "Unpin" : "Pin"}
          onConfirm={pin}
          onClose={close}
        >
          <p>
            <StrangerText text={name} limit={300} />
          </p>
          <p>
            {isPinned === true
              ? "It may be evicted again when space is needed, and rules may remove it."
              : "It is never evicted, and no rule removes it, until it is unpinned. People may still remove it."}
          </p>
        </ConfirmDialog>
      )}
      {asks === "remove" && (
        <ConfirmDialog title="Remove it?" action="Remove" isDangerous onConfirm={remove} onClose={close}>
          <p>
            <StrangerText text={name} limit={300} />
          </p>
          <p>
            {hasTag
              ? "The tag goes, if it still leads to what is shown here, and with it what nothing else needs."
              : "The manifest goes with all its tags, and with it what nothing else needs."}{" "}
            This cannot be undone; the space is given back by the next collection.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

type ActionProps = {
  readonly text: string;
  /** Why it may not be done; null: it may. */
  readonly why: string | null;
  readonly isDangerous?: boolean;
  readonly onClick: () => void;
};

/** One that may not be pressed can still be reached, and says why. */
function Action({ text, why, isDangerous = false, onClick }: ActionProps) {
  return (
    <button
      type="button"
      class={isDangerous ? "danger" : undefined}
      aria-disabled={why !== null}
      title={why ?? undefined}
      aria-description={why ?? undefined}
      onClick={why === null ? onClick : undefined}
    >
      {text}
    </button>
  );
}
