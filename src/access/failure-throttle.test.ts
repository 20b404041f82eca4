import { expect, test } from "bun:test";
import fc from "fast-check";
import { FailureThrottle } from "./failure-throttle.ts";

function clocked() {
  const clock = { ms: 0 };
  return { clock, throttle: new FailureThrottle(() => clock.ms) };
}

test("who guesses waits from the eleventh failure on, and a moment later may try again", () => {
  const { clock, throttle } = clocked();
  for (let tries = 0; tries < 10; tries++) {
    expect(throttle.waitMs("10.0.0.9", "bob")).toBe(0);
    throttle.begin("10.0.0.9", "bob");
  }
  expect(throttle.waitMs("10.0.0.9", "bob")).toBe(6000);
  clock.ms += 6000;
  expect(throttle.waitMs("10.0.0.9", "bob")).toBe(0);
});

test("another name from there, and the name from elsewhere, are not kept waiting by that", () => {
  const { throttle } = clocked();
  for (let tries = 0; tries < 1000; tries++) throttle.begin("10.0.0.9", "bob");
  expect(throttle.waitMs("10.0.0.9", "bob")).toBeGreaterThan(0);
  expect(throttle.waitMs("10.0.0.1", "bob")).toBe(0);
  // Though the address has had too many failures by then.
  expect(throttle.waitMs("10.0.0.9", "eve")).toBeGreaterThan(0);
});

test("a password that many addresses guess at keeps those waiting that failed, and nobody else", () => {
  const { throttle } = clocked();
  for (let host = 0; host < 250; host++) throttle.begin(`10.0.1.${host}`, "bob");
  expect(throttle.waitMs("10.0.1.7", "bob")).toBeGreaterThan(0);
  expect(throttle.waitMs("10.9.9.9", "bob")).toBe(0);
});

test("an IPv6 host gains nothing by its many addresses", () => {
  const { throttle } = clocked();
  for (let host = 0; host < 20; host++) throttle.begin(`2001:db8::${host + 1}`, "bob");
  expect(throttle.waitMs("2001:db8::ffff", "bob")).toBeGreaterThan(0);
  expect(throttle.waitMs("2001:db8:0:1::1", "bob")).toBe(0);
});

test("what succeeded leaves no trace, and nobody waits longer than a minute, whatever happened", () => {
  const attempt = fc.record({ host: fc.nat(3), name: fc.nat(3), isRight: fc.boolean(), pauseMs: fc.nat(2000) });
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 300 }), (attempts) => {
      const { clock, throttle } = clocked();
      for (const { host, name, isRight, pauseMs } of attempts) {
        const before = throttle.waitMs(`10.0.0.${host}`, `user${name}`);
        throttle.begin(`10.0.0.${host}`, `user${name}`);
        if (isRight && before === 0) {
          throttle.takeBack(`10.0.0.${host}`, `user${name}`);
          expect(throttle.waitMs(`10.0.0.${host}`, `user${name}`)).toBe(0);
        }
        expect(throttle.waitMs(`10.0.0.${host}`, `user${name}`)).toBeLessThanOrEqual(60_000);
        clock.ms += pauseMs;
      }
    }),
  );
});
