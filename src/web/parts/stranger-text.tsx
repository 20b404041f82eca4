import { SAFE_TEXT_LIMIT, safeHref, safeText } from "./safe-text.ts";

type Props = {
  readonly text: string;
  /** In characters. */
  readonly limit?: number;
};

/** A text that a stranger wrote: bounded, with its hidden characters made visible, and unable to turn what is around it. */
export function StrangerText({ text, limit = SAFE_TEXT_LIMIT }: Props) {
  return <bdi class="stranger">{safeText(text, limit)}</bdi>;
}

/** The same where it may be an address: a link, when it is one that may be followed. */
export function StrangerLink({ text, limit = SAFE_TEXT_LIMIT }: Props) {
  const href = safeHref(text);
  if (href === null) return <StrangerText text={text} limit={limit} />;
  return (
    <a href={href} rel="noopener noreferrer" target="_blank">
      <StrangerText text={text} limit={limit} />
    </a>
  );
}
