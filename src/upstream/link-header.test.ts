import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nextLink } from "./link-header.ts";

describe("the next link", () => {
  test("is found among others, however its relation is written", () => {
    expect(nextLink('</v2/_catalog?last=b&n=1>; rel="next"')).toBe("/v2/_catalog?last=b&n=1");
    expect(nextLink('</a>; rel=prev, </b?x=1,2;3>; title="x, <y>"; REL=Next')).toBe("/b?x=1,2;3");
    expect(nextLink('<https://h/c>; rel="last next"')).toBe("https://h/c");
  });

  test("is null when there is none", () => {
    for (const header of [
      null,
      "",
      "/v2/_catalog; rel=next",
      '</a>; rel="prev"',
      "</a>; title=next",
      "<",
      "<<<>;rel",
    ]) {
      expect(nextLink(header)).toBeNull();
    }
    expect(nextLink(`</${"a".repeat(20_000)}>; rel=next`)).toBeNull();
  });

  test("is read back as it was printed, behind any other link", () => {
    const target = fc.webUrl({ withQueryParameters: true }).filter((url) => !/[<>]/.test(url));
    fc.assert(
      fc.property(target, target, (other, next) => {
        expect(nextLink(`<${other}>; rel="prev"; title="a,b", <${next}>; rel="next"`)).toBe(next);
      }),
    );
  });

  test("costs no long time on hostile headers", () => {
    // In steps that grow with the length these are milliseconds; with its square they would be hours.
    const started = performance.now();
    nextLink('<a>;"'.repeat(300_000));
    nextLink("<".repeat(1_600_000));
    nextLink(`<a>${'"\\'.repeat(800_000)}`);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
