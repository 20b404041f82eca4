import { safeText } from "./safe-text.ts";
import { shortenDigests } from "./shorten-digest.ts";
import { StrangerText } from "./stranger-text.tsx";

const LIMIT = 300;

/** The name of an image or blob, with a digest in it shortened, and the whole for who points at it. */
export function ShortName({ text }: { readonly text: string }) {
  return (
    <span title={safeText(text, LIMIT)}>
      <StrangerText text={shortenDigests(text)} limit={LIMIT} />
    </span>
  );
}
