/** What HCL expressions are worth. Source: the HCL native syntax specification (hcl v2.24); the standard functions of go-cty v1.16. */
import { HCL_FUNCTIONS } from "./hcl-functions.ts";
import type { HclExpression } from "./hcl-syntax.ts";
import type { HclValue } from "./hcl-value.ts";

/** What names and functions stand for. */
export interface HclScope {
  /** The value of a name; undefined when it is not known. */
  name(name: string): HclValue;
  /** Calls a function of the document's own; undefined when there is none, or it cannot be told. */
  call(name: string, given: readonly HclValue[], depth: number): HclValue;
}

const DEPTH_LIMIT = 200;

/** Evaluates; undefined where something that is needed cannot be told. */
export function evaluateHcl(expression: HclExpression, scope: HclScope, depth = 0): HclValue {
  if (depth > DEPTH_LIMIT) return undefined;
  const inner = (one: HclExpression) => evaluateHcl(one, scope, depth + 1);
  switch (expression.type) {
    case "literal":
      return expression.value;
    case "template": {
      const [only] = expression.parts;
      if (expression.parts.length === 1 && only !== undefined) return inner(only);
      const parts = expression.parts.map((part) => hclText(inner(part)));
      return parts.some((part) => part === null) ? undefined : parts.join("");
    }
    case "name":
      return scope.name(expression.name);
    case "attribute":
      return memberOf(inner(expression.of), expression.name);
    case "index":
      return memberOf(inner(expression.of), inner(expression.index));
    case "call": {
      const given = expression.arguments.map(inner);
      const standard = HCL_FUNCTIONS.get(expression.name);
      if (standard === undefined) return scope.call(expression.name, given, depth + 1);
      return given.includes(undefined) ? undefined : standard(given);
    }
    case "operation":
      return operate(expression.operator, expression.operands, inner);
    case "list":
      return expression.items.map(inner);
    case "object":
      return Object.fromEntries(expression.entries.map(([key, value]) => [hclText(inner(key)) ?? "", inner(value)]));
    case "unknown":
      return undefined;
    default:
      return expression satisfies never;
  }
}

/** A value as text; null when it is none, or cannot be told. */
export function hclText(value: HclValue): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

function memberOf(of: HclValue, key: HclValue): HclValue {
  if (Array.isArray(of)) return of[Number(key)];
  if (typeof of !== "object" || of === null) return undefined;
  const name = hclText(key) ?? "";
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function operate(
  operator: string,
  operands: readonly HclExpression[],
  inner: (expression: HclExpression) => HclValue,
): HclValue {
  const [first, second, third] = operands;
  const left = first === undefined ? undefined : inner(first);
  if (operator === "?:") {
    const chosen = left === undefined ? undefined : isHclTrue(left) ? second : third;
    return chosen === undefined ? undefined : inner(chosen);
  }
  if (left === undefined) return undefined;
  if (second === undefined) return operator === "!" ? !isHclTrue(left) : -Number(left);
  const right = inner(second);
  if (right === undefined) return undefined;
  switch (operator) {
    case "==":
      return isHclEqual(left, right);
    case "!=":
      return !isHclEqual(left, right);
    case "&&":
      return isHclTrue(left) && isHclTrue(right);
    case "||":
      return isHclTrue(left) || isHclTrue(right);
    default:
      return calculate(operator, Number(left), Number(right));
  }
}

function calculate(operator: string, left: number, right: number): HclValue {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "<=":
      return left <= right;
    case ">=":
      return left >= right;
    default:
      return undefined;
  }
}

function isHclTrue(value: HclValue): boolean {
  return value === true || value === "true";
}

function isHclEqual(left: HclValue, right: HclValue): boolean {
  const [a, b] = [hclText(left), hclText(right)];
  return a === null || b === null ? JSON.stringify(left) === JSON.stringify(right) : a === b;
}
