/** What an expression is made of. Source: RE2's syntax (github.com/google/re2/wiki/Syntax) as Go 1.26's regexp reads it. */

/** Which characters, by code point, a single step takes. */
export type CharacterTest = (codePoint: number) => boolean;

/** A place between characters that takes none of them. */
export type AnchorKind = "text-start" | "text-end" | "line-start" | "line-end" | "word-boundary" | "no-word-boundary";

/** A part of an expression. `max` is null for "as often as it goes". */
export type ExpressionNode =
  | { readonly type: "empty" }
  | { readonly type: "literal"; readonly codePoint: number }
  | { readonly type: "class"; readonly test: CharacterTest }
  | { readonly type: "anchor"; readonly kind: AnchorKind }
  | { readonly type: "group"; readonly index: number; readonly node: ExpressionNode }
  | { readonly type: "sequence"; readonly nodes: readonly ExpressionNode[] }
  | { readonly type: "choice"; readonly nodes: readonly ExpressionNode[] }
  | {
      readonly type: "repeat";
      readonly node: ExpressionNode;
      readonly min: number;
      readonly max: number | null;
      readonly greedy: boolean;
    };

/** An expression that RE2 does not know, or that is larger than any needs to be. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}
