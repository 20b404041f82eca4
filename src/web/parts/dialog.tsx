import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

type Props = {
  readonly title: string;
  /** Somebody wants to leave it: by Escape, by its button. */
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** What can be done, at its end; a button that closes it, when nothing is said. */
  readonly buttons?: ComponentChildren;
};

/** A dialog over the page, as long as it is rendered. The browser keeps the focus within it; afterwards it is where it was. */
export function Dialog({ title, onClose, children, buttons }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      <div class="dialog-body">{children}</div>
      <div class="buttons">
        {buttons ?? (
          <button type="button" onClick={onClose}>
            Close
          </button>
        )}
      </div>
    </dialog>
  );
}
