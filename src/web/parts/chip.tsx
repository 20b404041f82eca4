import type { ComponentChildren } from "preact";

/** What a chip, a bar or a note means; its words say it, too. */
export type Tone = "plain" | "accent" | "good" | "warn" | "bad";

/** A word about a thing, beside it: `pinned`, `signed`, `not here`. */
export function Chip(props: { readonly tone?: Tone; readonly title?: string; readonly children: ComponentChildren }) {
  const { tone = "plain", title, children } = props;
  return (
    <span class={`chip tone-${tone}`} title={title}>
      {children}
    </span>
  );
}
