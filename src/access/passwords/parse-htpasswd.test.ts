import { expect, test } from "bun:test";
import { parseHtpasswd } from "./parse-htpasswd.ts";

const HASH = "$2y$10$ymVO2Zamj0atXSrB0HHLdeGgNTIP1Rk57b8yEz62BVQavyLhHwczK";

test("names and bcrypt hashes, comments and blank lines, as htpasswd and editors write them", () => {
  const text = `\uFEFF# people\r\n\r\nbob:${HASH}\r\n  eve:${HASH.replace("$2y$", "$2b$")}  \nann@example.com:${HASH.replace("$2y$", "$2a$")}`;
  const { users, problems } = parseHtpasswd(text);
  expect(problems).toEqual([]);
  expect([...users.keys()]).toEqual(["bob", "eve", "ann@example.com"]);
});

test.each([
  ["bob", "it is not NAME:HASH"],
  ["bob:$apr1$x$y", "hashed by MD5"],
  ["bob:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "hashed by SHA-1"],
  ["bob:$6$salt$hash", "SHA-2 crypt"],
  ["bob:hunter2", "plain text"],
  ["bob:", "empty"],
  [`bob:${HASH.slice(0, 40)}`, "is cut"],
  [`bob:${HASH.replace("$10$", "$31$")}`, "its cost"],
  [`:${HASH}`, "1 to 128"],
  [`anonymous:${HASH}`, "for others"],
  [`bob:${HASH}\nbob:${HASH}`, "line 1 already"],
])("%p is told with its line, what to do, and without the secret", (text, expected) => {
  const { problems } = parseHtpasswd(`# one\n${text}`);
  expect(problems).toHaveLength(1);
  expect(problems[0]?.line).toBe(text.includes("\n") ? 3 : 2);
  expect(problems[0]?.why).toContain(expected.replace("line 1", "line 2"));
  expect(problems[0]?.why).not.toContain("hunter2");
  expect(problems[0]?.why).not.toContain(HASH.slice(7));
});
