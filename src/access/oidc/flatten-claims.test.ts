import { expect, test } from "bun:test";
import fc from "fast-check";
import { flattenClaims } from "./flatten-claims.ts";

test("texts stay, numbers and booleans become texts, and what lies deeper gets both names", () => {
  const payload = {
    iss: "https://kubernetes.default.svc",
    aud: ["larder.example", "other"],
    exp: 1_795_000_000,
    ref_protected: "true",
    email_verified: true,
    "kubernetes.io": {
      namespace: "ci",
      pod: { name: "build-1", uid: "aa" },
      serviceaccount: { name: "builder", uid: "bb" },
    },
    nothing: null,
  };
  expect({ ...flattenClaims(payload) }).toEqual({
    iss: "https://kubernetes.default.svc",
    aud: ["larder.example", "other"],
    exp: "1795000000",
    ref_protected: "true",
    email_verified: "true",
    "kubernetes.io/namespace": "ci",
    "kubernetes.io/pod/name": "build-1",
    "kubernetes.io/pod/uid": "aa",
    "kubernetes.io/serviceaccount/name": "builder",
    "kubernetes.io/serviceaccount/uid": "bb",
  });
});

test("a name that two claims would have is nobody's, in either order", () => {
  const nested = { "kubernetes.io": { namespace: "ci" } };
  const flat = { "kubernetes.io/namespace": "kube-system" };
  for (const payload of [
    { ...nested, ...flat },
    { ...flat, ...nested },
  ]) {
    expect(Object.keys(flattenClaims(payload))).toEqual([]);
  }
});

test("a claim is there only if the token said it", () => {
  const claims = flattenClaims({ sub: "x" });
  expect([claims["constructor"], claims["__proto__"], claims["toString"]]).toEqual([undefined, undefined, undefined]);
  const hostile = flattenClaims(JSON.parse('{"__proto__": {"repository": "acme/app"}}') as Record<string, unknown>);
  expect(hostile["repository"]).toBeUndefined();
});

test("what is too long, too deep, too many or mixed is left out", () => {
  const deep = { a: { b: { c: { d: { e: "x" }, ok: "y" } } } };
  const many = Object.fromEntries(Array.from({ length: 1000 }, (_, number) => [`c${number}`, "x"]));
  expect({ ...flattenClaims(deep) }).toEqual({ "a/b/c/ok": "y" });
  expect(Object.keys(flattenClaims(many)).length).toBe(200);
  expect({ ...flattenClaims({ long: "x".repeat(5000), mixed: ["a", {}], lots: Array(101).fill("a") }) }).toEqual({});
});

test("any payload is taken, and gives texts and lists of texts alone", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => {
      for (const value of Object.values(flattenClaims(payload))) {
        const texts = typeof value === "string" ? [value] : value;
        expect(texts.every((text) => typeof text === "string")).toBe(true);
      }
    }),
  );
});
