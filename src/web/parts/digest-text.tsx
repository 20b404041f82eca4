import { CopyButton } from "./copy-button.tsx";
import { shortenDigest } from "./shorten-digest.ts";

/** A digest, shortened, with the whole for who points at it and for the clipboard; `of` says whose, for who hears the button. */
export function DigestText({ digest, of = "digest" }: { readonly digest: string; readonly of?: string }) {
  return (
    <span class="digest">
      <code title={digest}>{shortenDigest(digest)}</code> <CopyButton text={digest} label={of} />
    </span>
  );
}
