import { describe, expect, test } from "bun:test";
import { isNearEnd, type RateLimit, readRateLimit, readRetryAfterSeconds } from "./rate-limit.ts";

const NOW = Date.UTC(2026, 0, 1);

function read(headers: Record<string, string>): RateLimit | null {
  return readRateLimit(new Headers(headers), NOW);
}

describe("rate limits", () => {
  test("Docker Hub's headers are read", () => {
    expect(read({ "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600" })).toEqual({
      limit: 100,
      remaining: 76,
      windowSeconds: 21600,
      seenAtMs: NOW,
    });
  });

  test("those of the drafts are read as well", () => {
    const expected = { limit: 100, remaining: 50, seenAtMs: NOW };
    expect(read({ "RateLimit-Limit": "100, 100;w=60", "RateLimit-Remaining": "50", "RateLimit-Reset": "5" })).toEqual({
      ...expected,
      windowSeconds: 60,
    });
    expect(read({ RateLimit: "limit=100, remaining=50, reset=5" })).toEqual({ ...expected, windowSeconds: null });
    expect(read({ RateLimit: '"default";r=50;t=30', "RateLimit-Policy": '"default";q=100;w=60' })).toEqual({
      ...expected,
      windowSeconds: 60,
    });
  });

  test("half a statement, or nonsense, is none", () => {
    expect(read({})).toBeNull();
    expect(read({ "ratelimit-limit": "100" })).toBeNull();
    expect(read({ "ratelimit-limit": "many", "ratelimit-remaining": "some" })).toBeNull();
    expect(read({ "ratelimit-limit": "-1", "ratelimit-remaining": "1e9" })).toBeNull();
  });

  test("the end is near at a tenth or at five, until the window has passed", () => {
    const at = (limit: number, remaining: number): RateLimit => ({
      limit,
      remaining,
      windowSeconds: 60,
      seenAtMs: NOW,
    });
    expect(isNearEnd(at(100, 11), NOW)).toBe(false);
    expect(isNearEnd(at(100, 10), NOW)).toBe(true);
    expect(isNearEnd(at(20, 6), NOW)).toBe(false);
    expect(isNearEnd(at(20, 5), NOW)).toBe(true);
    expect(isNearEnd(at(20, 0), NOW + 59_999)).toBe(true);
    expect(isNearEnd(at(20, 0), NOW + 60_000)).toBe(false);
    // The clock was wrong when it was seen.
    expect(isNearEnd(at(20, 0), NOW - 1)).toBe(false);
  });

  test("Retry-After is read as seconds and as a date", () => {
    const retryAfter = (value: string) => readRetryAfterSeconds(new Headers({ "retry-after": value }), NOW);
    expect(retryAfter("7")).toBe(7);
    expect(retryAfter("Thu, 01 Jan 2026 00:00:30 GMT")).toBe(30);
    expect(retryAfter("Thu, 01 Jan 2015 00:00:30 GMT")).toBe(0);
    expect(retryAfter("999999999")).toBe(86_400);
    expect(retryAfter("soon")).toBeNull();
    expect(readRetryAfterSeconds(new Headers(), NOW)).toBeNull();
  });
});
