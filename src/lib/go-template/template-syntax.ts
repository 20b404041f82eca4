/** The parts of a Go template. Source: Go 1.26, text/template. */

/** A piece of a template; `line` counts from 1. */
export type TemplateNode =
  | { readonly type: "text"; readonly text: string; readonly line: number }
  | { readonly type: "output"; readonly pipeline: Pipeline; readonly line: number }
  | {
      readonly type: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
      readonly line: number;
    }
  | { readonly type: "template"; readonly name: string; readonly pipeline: Pipeline | null; readonly line: number }
  | { readonly type: "break" | "continue"; readonly line: number };

/** `$a, $b := command | command`. `assigns` is true for `=`, which sets what an outer block declared. */
export type Pipeline = {
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly (readonly Operand[])[];
};

/** A word of a command. `fields` are the `.a.b` behind it. */
export type Operand =
  | { readonly type: "literal"; readonly value: string | number | bigint | boolean | null }
  | { readonly type: "dot"; readonly fields: readonly string[] }
  | { readonly type: "variable"; readonly name: string; readonly fields: readonly string[] }
  | { readonly type: "function"; readonly name: string }
  | { readonly type: "group"; readonly pipeline: Pipeline; readonly fields: readonly string[] };

/** What stands under a name: a file's body, or what `define` says. `file` is null for text that stands in no file. */
export type TemplateDefinition = { readonly file: string | null; readonly nodes: readonly TemplateNode[] };

/** A parsed file: what it prints, and the templates that it defines by name. */
export type ParsedTemplate = {
  readonly body: TemplateDefinition;
  readonly definitions: ReadonlyMap<string, TemplateDefinition>;
};

/** Does the template print nothing but space? Such a definition never takes the place of a full one. */
export function isEmptyTemplate({ nodes }: TemplateDefinition): boolean {
  return nodes.every((node) => node.type === "text" && node.text.trim() === "");
}
