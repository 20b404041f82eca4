/** Numbers in Helm's templates. Source: Sprig v3.3.0. */
import { toCount, toFloat, toInteger, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import { CallFailure, type TemplateValue } from "./template-value.ts";

/** Functions by name. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  int: ([value]) => toInteger(value),
  int64: ([value]) => toInteger(value),
  float64: ([value]) => toFloat(value),
  atoi: ([value]) => (/^[+-]?\d{1,18}$/.test(toText(value)) ? BigInt(toText(value).replace(/^\+/, "")) : 0n),
  toDecimal: ([value]) => (/^[+-]?[0-7]{1,20}$/.test(toText(value)) ? BigInt(Number.parseInt(toText(value), 8)) : 0n),
  add: (args) => whole(args.reduce<bigint>((sum, arg) => sum + toInteger(arg), 0n)),
  add1: ([value]) => whole(toInteger(value) + 1n),
  sub: ([a, b]) => whole(toInteger(a) - toInteger(b)),
  mul: (args) => args.reduce<bigint>((product, arg) => whole(product * toInteger(arg)), 1n),
  div: ([a, b]) => whole(toInteger(a) / divisor(b)),
  mod: ([a, b]) => toInteger(a) % divisor(b),
  add1f: ([value]) => decimal(toFloat(value) + 1),
  addf: (args) => decimal(args.reduce<number>((sum, arg) => sum + toFloat(arg), 0)),
  subf: ([first, ...rest]) => decimal(rest.reduce<number>((left, arg) => left - toFloat(arg), toFloat(first))),
  mulf: ([first, ...rest]) => decimal(rest.reduce<number>((product, arg) => product * toFloat(arg), toFloat(first))),
  divf: ([first, ...rest]) => decimal(rest.reduce<number>((left, arg) => left / toFloat(arg), toFloat(first))),
  max: ([first, ...rest]) => rest.map(toInteger).reduce((a, b) => (b > a ? b : a), toInteger(first)),
  biggest: ([first, ...rest]) => rest.map(toInteger).reduce((a, b) => (b > a ? b : a), toInteger(first)),
  min: ([first, ...rest]) => rest.map(toInteger).reduce((a, b) => (b < a ? b : a), toInteger(first)),
  maxf: (args) => args.map(toFloat).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  minf: (args) => args.map(toFloat).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  floor: ([value]) => Math.floor(toFloat(value)),
  ceil: ([value]) => Math.ceil(toFloat(value)),
  round: ([value, places, from]) => round(toFloat(value), toCount(places), from === undefined ? 0.5 : toFloat(from)),
};

/** int64 wraps around. */
function whole(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

function divisor(value: TemplateValue | undefined): bigint {
  const by = toInteger(value);
  if (by === 0n) throw new CallFailure("a division by zero");
  return by;
}

/** Sprig counts in decimals, so that 0.1 and 0.2 are 0.3. */
function decimal(value: number): number {
  return Number(value.toPrecision(15));
}

function round(value: number, places: number, from: number): number {
  const power = 10 ** Math.min(Math.max(places, -100), 100);
  const digits = value * power;
  return (digits - Math.trunc(digits) >= from ? Math.ceil(digits) : Math.floor(digits)) / power;
}
