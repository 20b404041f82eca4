import type { ComponentChildren } from "preact";
import { CopyButton } from "../parts/copy-button.tsx";
import { Dialog } from "../parts/dialog.tsx";

type Props = {
  readonly title: string;
  readonly secret: string;
  /** What it is: "the password of bob". */
  readonly what: string;
  readonly children: ComponentChildren;
  readonly onClose: () => void;
};

/** Shows a secret, this once. Nothing else closes it than who has read it. */
export function SecretDialog({ title, secret, what, children, onClose }: Props) {
  const buttons = (
    <button type="button" class="primary" onClick={onClose}>
      I have kept it
    </button>
  );
  return (
    <Dialog title={title} onClose={onClose} buttons={buttons}>
      <p class="secret">
        <code>{secret}</code> <CopyButton text={secret} label={what} />
      </p>
      <p>It is shown this once, and larder keeps its hash alone.</p>
      {children}
    </Dialog>
  );
}
