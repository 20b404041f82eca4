import type { ComponentChildren } from "preact";
import { CommandBlock } from "./command-block.tsx";

type Props = {
  /** What there is none of: "No image is here yet". */
  readonly title: string;
  /** What to do about it. */
  readonly children?: ComponentChildren;
  /** The line that does it. */
  readonly command?: string;
};

/** In the place of a list without anything in it: says so, and what to do next. */
export function EmptyState({ title, children, command }: Props) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p class="quiet">{children}</p>}
      {command !== undefined && <CommandBlock command={command} label={`the line for: ${title}`} />}
    </div>
  );
}
