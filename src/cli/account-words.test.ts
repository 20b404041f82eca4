import { expect, test } from "bun:test";
import { loginLine } from "./account-words.ts";

test("an address that is of use on this machine alone is told as that", () => {
  for (const host of ["127.0.0.1:5000", "localhost:5000", "[::1]:5000", "localhost"]) {
    expect(loginLine(host, "anna")).toStartWith(`docker login ${host} -u anna (on other machines: `);
  }
  for (const host of ["registry.example", "10.0.0.5:5000", "[fd00::5]:5000"]) {
    expect(loginLine(host, "ci", " --password-stdin")).toBe(`docker login ${host} -u ci --password-stdin`);
  }
});
