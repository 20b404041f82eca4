import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Challenge, parseChallenges } from "./challenge.ts";

const HUB =
  'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/a:pull"';

function plain(challenges: readonly Challenge[]): unknown {
  return challenges.map(({ scheme, parameters, token68 }) => ({
    scheme,
    ...Object.fromEntries(parameters),
    ...(token68 === null ? {} : { token68 }),
  }));
}

describe("challenges", () => {
  test("Docker Hub's is read", () => {
    expect(plain(parseChallenges(HUB))).toEqual([
      {
        scheme: "bearer",
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        scope: "repository:library/a:pull",
      },
    ]);
  });

  test("several in one header, or in several headers that were joined, are told apart", () => {
    const header = `Basic realm="a, b", ${HUB}, Negotiate, Negotiate dGVzdA==, Digest qop="auth,auth-int", nonce=x`;
    expect(parseChallenges(header).map(({ scheme }) => scheme)).toEqual([
      "basic",
      "bearer",
      "negotiate",
      "negotiate",
      "digest",
    ]);
    expect(parseChallenges(header)[3]?.token68).toBe("dGVzdA==");
    expect(parseChallenges(header)[0]?.parameters.get("realm")).toBe("a, b");
  });

  test("registries that are careless with quotes, case and blanks are understood", () => {
    expect(plain(parseChallenges("BEARER Realm=https://h/t?x=1 , SERVICE = r"))).toEqual([
      { scheme: "bearer", realm: "https://h/t?x=1", service: "r" },
    ]);
    expect(plain(parseChallenges('Bearer realm="https://h/t'))).toEqual([{ scheme: "bearer", realm: "https://h/t" }]);
    expect(plain(parseChallenges('Bearer realm="a\\"b"'))).toEqual([{ scheme: "bearer", realm: 'a"b' }]);
  });

  test("a parameter given twice counts as it was given first", () => {
    expect(plain(parseChallenges('Bearer realm="a",realm="b"'))).toEqual([{ scheme: "bearer", realm: "a" }]);
  });

  test("nonsense holds none, and takes no long time", () => {
    for (const text of ["", ",,,", '"', "=", `Bearer ${",".repeat(20_000)}`]) {
      expect(parseChallenges(text).filter(({ parameters }) => parameters.size > 0)).toEqual([]);
    }
    // In steps that grow with the length these are milliseconds; with its square they would be hours.
    const started = performance.now();
    parseChallenges(`Bearer ${'a="\\'.repeat(400_000)}`);
    parseChallenges(`Bearer ${" ,".repeat(800_000)}`);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("what is printed is read back, however it is quoted and joined", () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const value = fc.string({ maxLength: 30 }).filter((text) => !/[\r\n]/.test(text));
    const challenge = fc.record({
      scheme: token,
      parameters: fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name, maxLength: 5 }),
    });
    const print = (
      all: readonly { scheme: string; parameters: readonly [string, string][] }[],
      comma: string,
    ): string =>
      all
        .map(({ scheme, parameters }) => {
          const list = parameters.map(([name, text]) => `${name}="${text.replace(/[\\"]/g, "\\$&")}"`).join(comma);
          return list === "" ? scheme : `${scheme} ${list}`;
        })
        .join(comma);
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 5 }), fc.constantFrom(",", ", ", " ,\t"), (all, comma) => {
        expect(plain(parseChallenges(print(all, comma)))).toEqual(
          all.map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) })),
        );
      }),
    );
  });

  test("no text makes the reader fail", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "=", '"', "\\", ",", " ", "\t", "/", "é"), maxLength: 60 }),
        (text) => {
          expect(parseChallenges(text).length).toBeLessThanOrEqual(16);
        },
      ),
    );
  });
});
