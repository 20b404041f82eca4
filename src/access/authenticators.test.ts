import { beforeEach, expect, test } from "bun:test";
import { Authenticators } from "./authenticators.ts";
import type { Credentials } from "./credentials.ts";
import { type CredentialChecker, everyoneIsAStranger, type Principal } from "./principal.ts";

const OWN_TOKEN = "token-of-larder";
const SESSIONS = {
  check: async (credentials: Credentials): Promise<Principal | null> =>
    credentials.kind === "bearer" && credentials.token === OWN_TOKEN ? { kind: "user", name: "node" } : null,
  known: () => null,
};
const CLOSED = 10 * 60_000;

let nowMs: number;
let passwords: Map<string, string>;
let compared: number;
/** What was taken for somebody's elsewhere. */
let shown: string[];
let authenticators: Authenticators;
beforeEach(() => {
  nowMs = 1000;
  compared = 0;
  shown = [];
  passwords = new Map([["node", "right"]]);
  const checker: CredentialChecker = {
    check: async (credentials): Promise<Principal | null> => {
      if (credentials.kind !== "basic") return null;
      compared++;
      const { username, password } = credentials;
      return passwords.get(username) === password ? { kind: "user", name: username } : null;
    },
  };
  authenticators = new Authenticators({
    checkers: [checker],
    sessions: SESSIONS,
    byConnection: everyoneIsAStranger,
    knowsPeople: () => true,
    foreign: {
      add: async (credentials) => {
        shown.push(credentials.kind === "basic" ? credentials.password : credentials.token);
        return null;
      },
    },
    trustedProxies: () => [],
    elapsed: () => nowMs,
  });
});

/** The user's name, or the code of the refusal. All come from one address, as nodes behind a router do. */
async function logIn(password: string, username = "node"): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
  const request = new Request("http://larder/v2/", { headers: { authorization } });
  const arrival = {
    remote: { address: "192.0.2.1", port: 1 },
    local: { address: null, port: 5000 },
    scheme: "http",
  } as const;
  const answer = await authenticators.authenticate(request, arrival).catch((error) => error.code as string);
  return typeof answer === "string" ? answer : "name" in answer ? answer.name : answer.kind;
}

test("a right password is compared once a minute", async () => {
  for (let time = 0; time < 100; time++) expect(await logIn("right")).toBe("node");
  expect(compared).toBe(1);
  nowMs += 61_000;
  expect(await logIn("right")).toBe("node");
  expect(compared).toBe(2);
});

test("one who guesses without end behind an address keeps out nobody there whose password was right before", async () => {
  expect(await logIn("right")).toBe("node");
  for (let guesses = 0; guesses * 1000 < CLOSED; guesses++) {
    nowMs += 1000;
    await logIn(`guess${guesses}`);
    expect(await logIn("right")).toBe("node");
  }
  for (const guess of ["one", "two", "three"]) await logIn(guess);
  expect(await logIn("another guess")).toBe("TOOMANYREQUESTS");
});

test("a password that was right and is no more is refused at once, and slowed down as any other", async () => {
  expect(await logIn("right")).toBe("node");
  passwords.set("node", "new");
  authenticators.forget();
  expect(await logIn("right")).toBe("UNAUTHORIZED");
  for (let guesses = 0; guesses < 20; guesses++) await logIn(`guess${guesses}`);
  nowMs += 61_000;
  for (let guesses = 0; guesses < 20; guesses++) await logIn(`more${guesses}`);
  expect(await logIn("right")).toBe("TOOMANYREQUESTS");
});

test("a token of larder's own token server is shown to no other registry, whatever place it comes in", async () => {
  expect(await logIn(OWN_TOKEN)).toBe("UNAUTHORIZED");
  expect(await logIn("a registry's")).toBe("UNAUTHORIZED");
  expect(new Set(shown)).toEqual(new Set(["a registry's"]));
});
