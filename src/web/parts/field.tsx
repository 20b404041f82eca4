import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

/** What ties an input to its field: `<input {...tied} />`. */
type Tied = { readonly id: string; readonly "aria-describedby"?: string; readonly "aria-invalid"?: "true" };

type Props = {
  readonly label: string;
  /** What may be written there. */
  readonly hint?: ComponentChildren;
  /** Why what is written there will not do; null: it will. */
  readonly error?: string | null;
  readonly children: (tied: Tied) => ComponentChildren;
};

/** An input with its label, what may be written there, and what is wrong with what was. */
export function Field({ label, hint, error = null, children }: Props) {
  const id = useId();
  const described = [hint === undefined ? "" : `${id}-hint`, error === null ? "" : `${id}-error`].filter(Boolean);
  const tied: Tied = {
    id,
    ...(described.length > 0 && { "aria-describedby": described.join(" ") }),
    ...(error !== null && { "aria-invalid": "true" as const }),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(tied)}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== null && (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
