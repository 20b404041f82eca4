/** HCL as it was parsed. Source: the HCL native syntax specification (hcl v2.24). */

/** An expression. Strings are templates: their pieces are joined. `unknown` is one that is not understood. */
export type HclExpression =
  | { readonly type: "literal"; readonly value: string | number | boolean | null }
  | { readonly type: "template"; readonly parts: readonly HclExpression[] }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "attribute"; readonly of: HclExpression; readonly name: string }
  | { readonly type: "index"; readonly of: HclExpression; readonly index: HclExpression }
  | { readonly type: "call"; readonly name: string; readonly arguments: readonly HclExpression[] }
  | { readonly type: "operation"; readonly operator: string; readonly operands: readonly HclExpression[] }
  | { readonly type: "list"; readonly items: readonly HclExpression[] }
  | { readonly type: "object"; readonly entries: readonly (readonly [key: HclExpression, value: HclExpression])[] }
  | { readonly type: "unknown" };

/** `name = value`; `line` counts from 1. */
export type HclAttribute = { readonly value: HclExpression; readonly line: number };

/** `type "label" { … }`. */
export type HclBlock = {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: HclBody;
  readonly line: number;
};

/** What stands between braces, or in a file. */
export type HclBody = { readonly attributes: ReadonlyMap<string, HclAttribute>; readonly blocks: readonly HclBlock[] };

/** Text that is no HCL. */
export class HclError extends Error {
  override readonly name = "HclError";
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}
