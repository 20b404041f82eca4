/** Credentials that are almost right are wrong: every change of a good one, wherever credentials are taken. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GuardedLarder } from "../access/guarded-larder.ts";
import { makeImage } from "../conformance/content-factory.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { ask } from "./expect-decent.ts";
import { hostileRuns } from "./hostile-runs.ts";

const RUNS = hostileRuns(600);
const LIMIT_MS = 600_000;
const RULES = [
  { subject: "anonymous", allow: ["pull"], names: ["public/**"] },
  { subject: "root", allow: ["*"], names: ["**"] },
];

describe.skipIf(isForeignRegistry)("a good token, changed", () => {
  let lab: GuardedLarder;
  let tokens: readonly string[];
  beforeAll(async () => {
    lab = await GuardedLarder.start(["root"], RULES);
    await lab.push("root", "team/secret", makeImage(), "1");
    const session = await lab.as("root", "GET", "/token?scope=repository:team/secret:pull,push,delete");
    const nobodys = await lab.as(null, "GET", "/token?scope=repository:team/secret:pull");
    const body = JSON.stringify({ name: "ci", grants: ["pull:**"], expiresAfterMs: 3_600_000 });
    const made = await lab.as("root", "POST", "/api/v1/tokens", {
      headers: { "Content-Type": "application/json" },
      body,
    });
    expect([session.status, nobodys.status, made.status], made.text).toEqual([200, 200, 200]);
    const token = (text: string) => (JSON.parse(text) as { token: string }).token;
    tokens = [token(session.text), token(made.text)];
    // They are good as they are; what was given to nobody opens nothing.
    expect(await Promise.all([...tokens, token(nobodys.text)].map(statusWith))).toEqual([200, 200, 403]);
  }, 60_000);
  afterAll(() => lab.stop());

  async function statusWith(token: string): Promise<number> {
    return (await answerTo(`Bearer ${token}`)).status;
  }

  function answerTo(authorization: string) {
    const target = "/v2/team/secret/manifests/1";
    return ask(lab.larder.url, { method: "GET", target, headers: [`Authorization: ${authorization}`], body: "" });
  }

  /** Another text that somebody could take for the same. */
  const change = fc.oneof(
    fc.tuple(
      fc.constant("swap"),
      fc.nat(),
      fc.constantFrom("A", "z", "0", "-", "_", "=", ".", "+", "/", " ", "~", "%"),
    ),
    fc.tuple(fc.constant("cut"), fc.nat(), fc.constant("")),
    fc.tuple(
      fc.constant("insert"),
      fc.nat(),
      fc.constantFrom("A", "=", ".", "_", "-", "==", "%00", "\u00a0", "\u00ff"),
    ),
    fc.tuple(fc.constantFrom("upper", "lower", "double", "claims"), fc.nat(), fc.json({ maxDepth: 2 })),
  );

  test(
    "opens nothing, and is not said back",
    async () => {
      const property = fc.asyncProperty(fc.nat(1), change, async (which, [how, at, text]) => {
        const token = tokens[which] ?? "";
        const changed = changeOf(token, how, at, text);
        fc.pre(changed.trim() !== token);
        const { status, wire } = await answerTo(`Bearer ${changed}`);
        expect([401, 429], wire.toString("latin1")).toContain(status);
        expect(wire.toString("latin1")).not.toContain(token.slice(-20));
      });
      await fc.assert(property, { numRuns: RUNS });
      expect(await Promise.all(tokens.map(statusWith))).toEqual([200, 200]);
      expect(lab.larder.output()).not.toContain("a request failed");
      for (const token of tokens) expect(lab.larder.output()).not.toContain(token.slice(-20));
    },
    LIMIT_MS,
  );
});

function changeOf(token: string, how: string, at: number, text: string): string {
  const place = at % token.length;
  if (how === "swap") return token.slice(0, place) + text + token.slice(place + 1);
  if (how === "cut") return token.slice(0, place);
  if (how === "insert") return token.slice(0, place) + text + token.slice(place);
  if (how === "upper") return token.toUpperCase();
  if (how === "lower") return token.toLowerCase();
  if (how === "double") return `${token}${token}`;
  const [header = "", , signature = ""] = token.split(".");
  return `${header}.${Buffer.from(text).toString("base64url")}.${signature}`;
}
