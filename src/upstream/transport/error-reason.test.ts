import { expect, test } from "bun:test";
import fc from "fast-check";
import { readErrorReason } from "./error-reason.ts";

function responseOf(body: string | Uint8Array) {
  const url = new URL("https://registry.test/");
  return { status: 400, headers: new Headers(), url, body: new Blob([body]).stream() };
}
const textOf = async (body: string | Uint8Array) => (await readErrorReason(responseOf(body))).text;

const REASONS: readonly (readonly [string, string])[] = [
  ['{"errors":[{"code":"DENIED","message":"no"},{"code":"X"}]}', "DENIED no; X"],
  ['{"errors":[{"message":"only text","detail":{"a":1}}]}', "UNKNOWN only text"],
  ['{"details":"incorrect username or password"}', "incorrect username or password"],
  ['{"error":"invalid_grant","error_description":"the token has expired"}', "the token has expired"],
  ['{"error":"invalid_grant"}', "invalid_grant"],
  ['{"message":"Not Authorized"}', "Not Authorized"],
  ['{"errors":["odd"]}', ""],
  ["[1,2]", ""],
  ['{"errors":[{"code":"CUT', ""],
  [
    "  Your Authorization Token has expired.\r\n Log in  again. ",
    "Your Authorization Token has expired. Log in again.",
  ],
  [
    "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413</h1></center>",
    "413 Request Entity Too Large",
  ],
  [
    "<!DOCTYPE html><script>alert(1)</script><style>a{}</style><p>Sign&nbsp;in &amp; try</p><!-- x -->",
    "Sign in & try",
  ],
  [
    "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Request has expired</Message>",
    "AccessDenied Request has expired",
  ],
  ["you sent Authorization: Bearer eyJhbGciOi.abc-def_123== and failed", "you sent Authorization: Bearer … and failed"],
  ["a\u001b[31mred\u0007\u202eback\u0000", "a [31mred back"],
  ["", ""],
];

test.each(REASONS)("%j is read as %j", async (body, text) => {
  expect(await textOf(body)).toBe(text);
});

test("codes are those of the specification", async () => {
  const { codes } = await readErrorReason(responseOf('{"errors":[{"code":"DENIED","message":"no"}]}'));
  expect(codes).toEqual(["DENIED"]);
});

test("whatever the body, the reason is one short line of visible characters", async () => {
  const body = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string({ unit: "binary", maxLength: 400 }));
  await fc.assert(
    fc.asyncProperty(body, fc.constantFrom(1, 200), async (piece, times) => {
      const bytes =
        typeof piece === "string" ? piece.repeat(times) : Buffer.concat(Array.from({ length: times }, () => piece));
      const text = await textOf(bytes);
      expect(text.length).toBeLessThanOrEqual(300);
      expect(text.replaceAll(" ", "")).not.toMatch(/[\p{C}\p{Z}]/u);
    }),
  );
});

test("a long body is looked at as far as it is short, and one that breaks off as far as it came", async () => {
  expect(await textOf("x".repeat(1_000_000))).toBe("x".repeat(300));
  expect(await textOf(`x${"\u{1f4e6}".repeat(1000)}`)).toBe(`x${"\u{1f4e6}".repeat(149)}`);
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(Buffer.from("so much"));
      controller.error(new Error("broken"));
    },
  });
  expect((await readErrorReason({ ...responseOf(""), body: broken })).text).toMatch(/^(?:so much)?$/);
});
