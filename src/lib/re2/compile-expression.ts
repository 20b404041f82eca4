import { type AnchorKind, type CharacterTest, type ExpressionNode, ExpressionError } from "./expression-tree.ts";

/** A step of a program. `x` is preferred to `y`. */
export type Instruction =
  | { readonly type: "literal"; readonly codePoint: number }
  | { readonly type: "class"; readonly test: CharacterTest }
  | { readonly type: "anchor"; readonly kind: AnchorKind }
  | { readonly type: "save"; readonly slot: number }
  | { type: "split"; x: number; y: number }
  | { type: "jump"; to: number }
  | { readonly type: "match" };

/** So many steps no expression of a chart needs; `((a{1000}){1000}` would. */
const PROGRAM_LIMIT = 20_000;

/** The program that a tree means: its steps run side by side, one character after the other (Thompson, Pike). */
export function compileExpression(root: ExpressionNode): readonly Instruction[] {
  const program: Instruction[] = [];
  const add = <T extends Instruction>(instruction: T): T => {
    if (program.push(instruction) > PROGRAM_LIMIT) throw new ExpressionError("the expression is too large");
    return instruction;
  };
  const emit = (node: ExpressionNode): void => {
    switch (node.type) {
      case "empty":
        return;
      case "literal":
      case "class":
      case "anchor":
        return void add(node);
      case "group":
        add({ type: "save", slot: node.index * 2 });
        emit(node.node);
        return void add({ type: "save", slot: node.index * 2 + 1 });
      case "sequence":
        return node.nodes.forEach(emit);
      case "choice":
        return choice(node.nodes);
      case "repeat":
        return repeat(node);
      default:
        return node satisfies never;
    }
  };
  const choice = (nodes: readonly ExpressionNode[]): void => {
    const ends: { to: number }[] = [];
    for (const [index, node] of nodes.entries()) {
      const isLast = index === nodes.length - 1;
      const split = isLast ? null : add({ type: "split", x: program.length + 1, y: 0 });
      emit(node);
      if (split !== null) {
        ends.push(add({ type: "jump", to: 0 }));
        split.y = program.length;
      }
    }
    for (const end of ends) end.to = program.length;
  };
  const optional = (greedy: boolean, body: () => void): void => {
    const split = add({ type: "split", x: 0, y: 0 });
    const inside = program.length;
    body();
    const [x, y] = greedy ? [inside, program.length] : [program.length, inside];
    Object.assign(split, { x, y });
  };
  // `x*` is (x+)?, so that an `x` that takes nothing is met once and its groups are set, as in RE2.
  const atLeastOnce = (node: ExpressionNode, greedy: boolean): void => {
    const start = program.length;
    emit(node);
    const split = add({ type: "split", x: start, y: start });
    if (greedy) split.y = program.length;
    else split.x = program.length;
  };
  const repeat = ({ node, min, max, greedy }: Extract<ExpressionNode, { type: "repeat" }>): void => {
    const isEndless = max === null;
    for (let count = 0; count < min - (isEndless ? 1 : 0); count++) emit(node);
    if (isEndless) return min > 0 ? atLeastOnce(node, greedy) : optional(greedy, () => atLeastOnce(node, greedy));
    // `x{0,3}` is (x(x(x)?)?)?: the depth is bounded by the repetition's own limit.
    const nested = (left: number): void => {
      if (left > 0) optional(greedy, () => [emit(node), nested(left - 1)]);
    };
    nested(max - min);
  };
  emit({ type: "group", index: 0, node: root });
  add({ type: "match" });
  return program;
}
