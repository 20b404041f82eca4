import type { ComponentChildren } from "preact";

type Props = {
  /** What is on its way, for who does not see where the bar stands. */
  readonly label: string;
  readonly value: number;
  /** Null: nobody knows how much it will be. */
  readonly max: number | null;
  /** What is to be read beside it: "12 of 48 MB". */
  readonly children?: ComponentChildren;
};

/** How far something is. */
export function ProgressBar({ label, value, max, children }: Props) {
  const known = max !== null && max > 0 ? { value: Math.min(value, max), max } : {};
  return (
    <span class="progress">
      <progress aria-label={label} {...known} />
      {children !== undefined && <span class="figure">{children}</span>}
    </span>
  );
}
