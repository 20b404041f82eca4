import { CopyButton } from "./copy-button.tsx";

type Props = {
  /** One line or more, as a shell takes them. */
  readonly command: string;
  /** What it is, for who hears the button: `the line for podman`. */
  readonly label: string;
};

/** Something to paste into a terminal. */
export function CommandBlock({ command, label }: Props) {
  return (
    <div class="command">
      <pre tabIndex={0} role="group" aria-label={label}>
        <code>{command}</code>
      </pre>
      <CopyButton text={command} label={label} />
    </div>
  );
}
