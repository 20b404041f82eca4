import { expect, test } from "bun:test";
import { nearestWord } from "./nearest-word.ts";

const KNOWN = ["http", "https", "standIn", "unqualified", "trustedProxies", "log", "gc"];

test.each([
  ["htpp", "http"],
  ["htttps", "https"],
  ["stand-in", "standIn"],
  ["STAND_IN", "standIn"],
  ["standin", "standIn"],
  ["unqualifed", "unqualified"],
  ["trusted_proxy", "trustedProxies"],
  ["lgo", "log"],
  ["cg", "gc"],
  ["database", null],
  ["x", null],
  ["", null],
  ["-", null],
  ["a".repeat(100_000), null],
])("%p means %p", (word, meant) => expect(nearestWord(word, KNOWN)).toBe(meant));
