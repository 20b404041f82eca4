/** What a key of registry:2's or :3's configuration is, and what becomes of it here. */
import type { Plain } from "../settings/shapes.ts";
import type { SettingKey } from "../settings/settings-table.ts";

/**
 * How a value is read. `group`: that it is there at all; `anything`: whatever lies below it; `named`: the same, and it asks for
 * something even when nothing does; `document`: as `anything`, as it is.
 */
export type ValueKind =
  | "text"
  | "switch"
  | "count"
  | "duration"
  | "texts"
  | "anything"
  | "named"
  | "document"
  | "group"
  | { readonly words: readonly string[] };

/** A value of registry:2's: durations are in milliseconds; of what is `anything` only whether it asks for something. */
export type KeyValue = string | boolean | number | readonly string[] | { readonly document: Plain };

/** Whose key it is: registry:2's, :3's, or both. */
type Only = 2 | 3 | null;

/** What larder makes of a key. */
type Verdict =
  /** It is a setting of larder's. `words` are for people, in Markdown; `give` where nothing else has to be known. */
  | {
      readonly kind: "honoured";
      readonly words: string;
      readonly give: ((value: KeyValue) => Partial<Readonly<Record<SettingKey, Plain>>>) | null;
    }
  /** Larder does that in any case, or needs nothing of it. */
  | { readonly kind: "itself"; readonly words: string }
  /** What asks for something is refused. `asks` is about the values that do. */
  | { readonly kind: "refused"; readonly words: string; readonly asks: (value: KeyValue) => boolean };

/** A row of the table. */
export type DistributionKey = {
  /** As `http.tls.clientcas`; `[]` after a list, and `*` for any name. */
  readonly key: string;
  readonly value: ValueKind;
  readonly only: Only;
  /** What variables call the last part, where that is not its name. */
  readonly variable: string | null;
  readonly verdict: Verdict;
};

type Extras = { readonly only?: 2 | 3; readonly variable?: string };

function row(key: string, value: ValueKind, verdict: Verdict, { only, variable }: Extras = {}): DistributionKey {
  return { key, value, only: only ?? null, variable: variable ?? null, verdict };
}

/** A key that becomes a setting as it stands, or as `convert` makes it. */
export function setting(
  key: string,
  value: ValueKind,
  to: SettingKey,
  convert: (value: KeyValue) => Plain = (given) => given,
  extras?: Extras,
): DistributionKey {
  return row(key, value, { kind: "honoured", words: `\`${to}\``, give: (given) => ({ [to]: convert(given) }) }, extras);
}

/** A key that means something together with others; `translate-config.ts` knows what. */
export function honoured(key: string, value: ValueKind, words: string, extras?: Extras): DistributionKey {
  return row(key, value, { kind: "honoured", words, give: null }, extras);
}

/** A key of what larder does by itself. */
export function itself(key: string, value: ValueKind, words: string, extras?: Extras): DistributionKey {
  return row(key, value, { kind: "itself", words }, extras);
}

/** A key that cannot be honoured. A value that asks for nothing passes: false, 0, nothing. */
export function refused(
  key: string,
  value: ValueKind,
  words: string,
  extras: Extras & { readonly asks?: (value: KeyValue) => boolean } = {},
): DistributionKey {
  const { asks = asksForSomething, ...rest } = extras;
  return row(key, value, { kind: "refused", words, asks }, rest);
}

/** Is it more than false, zero, an empty text or list? */
function asksForSomething(value: KeyValue): boolean {
  return value !== false && value !== 0 && value !== "" && !(Array.isArray(value) && value.length === 0);
}
