/** Sessions with the page, as raw requests have it: what a cookie opens, to whom it does not, and what becomes of it. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { LARDER } from "../command-line/run-larder.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { type Reply, send } from "../conformance/registry-client.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { basicOf, GuardedLarder, passwordOf } from "./guarded-larder.ts";

type Scheme = "http" | "https" | "proxy";
const NAME = "larder.example";
const ADMINISTRATOR = { subject: "ann", allow: ["*"], names: ["**"] };
const EVERYBODY = { subject: "anonymous", allow: ["pull"], names: ["docker.io/**"] };
const BOB = { subject: "bob", allow: ["pull", "push"], names: ["team/**"] };
const JSON_TYPE = { "Content-Type": "application/json" };

describe.skipIf(isForeignRegistry)("a session with the page", () => {
  let lab: GuardedLarder;
  const urls = { http: "", https: "", proxy: "" };
  beforeAll(async () => {
    const rules = [ADMINISTRATOR, EVERYBODY, BOB];
    const more = ["--https", "127.0.0.1:0", "--name", NAME, "--trusted-proxy", "127.0.0.1"];
    lab = await GuardedLarder.start(["ann", "bob"], rules, {}, more);
    const https = /https:\/\/127\.0\.0\.1:\d+/.exec(lab.larder.output())?.[0];
    Object.assign(urls, { http: lab.larder.url, https, proxy: lab.larder.url });
  }, 60_000);
  afterAll(() => lab.stop());

  const verb = (argv: readonly string[], input = "") =>
    outputOf([LARDER, ...argv], {
      environment: { HOME: lab.folder, RUNTIME_DIRECTORY: lab.larder.runtimeFolder },
      input,
    });
  /** What a browser sends of larder's own page: the origin that it has by this scheme. */
  const ownOrigin = (scheme: Scheme): string => (scheme === "proxy" ? "https://larder.example" : urls[scheme]);
  const hostOf = (scheme: Scheme): Record<string, string> =>
    scheme === "proxy" ? { Host: NAME, "X-Forwarded-Proto": "https" } : {};
  const ask = async (
    scheme: Scheme,
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<Reply> => {
    const response = await fetch(`${urls[scheme]}/api/v1${path}`, {
      method,
      headers: { ...hostOf(scheme), ...(body === undefined ? {} : JSON_TYPE), ...headers },
      tls: { rejectUnauthorized: false },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const bytes = await response.bytes();
    return { status: response.status, headers: response.headers, bytes, text: new TextDecoder().decode(bytes) };
  };
  const signIn = async (scheme: Scheme, body: unknown, more: Record<string, string> = {}): Promise<Reply> =>
    ask(scheme, "POST", "/session", { Origin: ownOrigin(scheme), ...more }, body);
  const cookieOf = (reply: Reply): string => reply.headers.get("set-cookie")?.split(";")[0] ?? "";
  const signedIn = async (name: string, scheme: Scheme = "http"): Promise<string> => {
    const reply = await signIn(scheme, { name, password: passwordOf(name) });
    expect(reply.status, reply.text).toBe(200);
    return cookieOf(reply);
  };
  const sessionOf = async (cookie: string, scheme: Scheme = "http") => {
    const reply = await ask(scheme, "GET", "/session", { Cookie: cookie });
    const told = JSON.parse(reply.text) as { readonly session: string | null };
    return { ...told, headers: reply.headers };
  };

  test.each([
    ["http", /^larder-[0-9a-f]{8}=[\w-]{43}; Path=\/api\/v1; HttpOnly; SameSite=Strict; Max-Age=604800$/],
    ["https", /^__Host-larder-[0-9a-f]{8}=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800$/],
    ["proxy", /^__Host-larder-[0-9a-f]{8}=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800$/],
  ] as const)("over %s it is a cookie that no script reads", async (scheme, form) => {
    const reply = await signIn(scheme, { name: "ann", password: passwordOf("ann") });
    expect(reply.headers.getSetCookie()).toEqual([expect.stringMatching(form) as string]);
    expect(reply.headers.get("cache-control")).toBe("no-store");
    expect(JSON.parse(reply.text)).toMatchObject({
      principal: "ann",
      kind: "user",
      isSetUp: true,
      via: "session",
      may: { pull: "all", push: "all", delete: "all", administer: "all" },
      hasEnded: false,
    });
    expect(await sessionOf(cookieOf(reply), scheme)).toMatchObject({ principal: "ann", via: "session" });
  });

  test("who has none sees what everybody may, and why not more", async () => {
    expect(await sessionOf("")).toMatchObject({
      principal: null,
      kind: "nobody",
      may: { pull: "some", push: "none", delete: "none", administer: "none" },
      whyNot: { pull: null, administer: expect.stringContaining("log in") as string },
      session: null,
      expiresAtMs: null,
    });
    expect(await sessionOf(await signedIn("bob"))).toMatchObject({
      principal: "bob",
      may: { pull: "some", push: "some", delete: "none", administer: "none" },
      whyNot: { push: null, delete: expect.stringContaining("bob may not") as string },
    });
  });

  /** What of a request with a good cookie is taken: as its owner, as nobody's, or not at all. */
  const MEANINGS = { owner: 200, refused: 403 } as const;
  const PAGES: readonly (readonly [what: string, headers: (scheme: Scheme) => Record<string, string>])[] = [
    ["larder's own page", (scheme) => ({ Origin: ownOrigin(scheme) })],
    ["the same, by a browser that says so", (s) => ({ Origin: ownOrigin(s), "Sec-Fetch-Site": "same-origin" })],
    ["no page", () => ({})],
    ["a page of another port", () => ({ Origin: "http://127.0.0.1:1" })],
    ["a page of another scheme", (s) => ({ Origin: s === "http" ? "https://127.0.0.1" : `http://${NAME}` })],
    ["a page of another site", () => ({ Origin: "http://evil.example", "Sec-Fetch-Site": "cross-site" })],
    ["a page that hides where it is from", () => ({ Origin: "null" })],
    ["a page of a name that was made to lead here", () => ({ Host: "evil.example", Origin: "http://evil.example" })],
    ["a neighbour of the same site", (s) => ({ Origin: ownOrigin(s), "Sec-Fetch-Site": "same-site" })],
  ];
  const CHANGES = [
    ["PUT", "/settings/offline", { offline: true }],
    ["POST", "/pins", { pin: "docker.io/library/nginx" }],
    ["DELETE", "/pins/docker.io/library/nginx", undefined],
  ] as const;
  describe.each(["http", "https", "proxy"] as const)("over %s", (scheme) => {
    test.each(PAGES)("what would change something takes larder's own page, not %s", async (what, headers) => {
      const cookie = await signedIn("ann", scheme);
      const expected = what.includes("larder's own") || what.startsWith("the same") ? "owner" : "refused";
      for (const [method, path, body] of CHANGES) {
        const reply = await ask(scheme, method, path, { ...headers(scheme), Cookie: cookie }, body);
        expect([method, reply.status, reply.text.slice(0, 200)]).toEqual([
          method,
          MEANINGS[expected],
          expect.any(String) as string,
        ]);
      }
      const isReadable = expected === "owner" || what === "no page";
      const read = await ask(scheme, "GET", "/users", { ...headers(scheme), Cookie: cookie });
      expect(read.status).toBe(isReadable ? 200 : 403);
      expect(read.headers.get("access-control-allow-origin")).toBeNull();
    });

    test("a page that is not larder's signs nobody in", async () => {
      for (const [what, headers] of PAGES.slice(2)) {
        const body = { name: "ann", password: passwordOf("ann") };
        const reply = await ask(scheme, "POST", "/session", headers(scheme), body);
        expect([what, reply.status, reply.headers.getSetCookie()]).toEqual([what, 403, []]);
      }
    });
  });

  test("a name that larder does not know has no session, for reads either", async () => {
    const cookie = await signedIn("ann");
    expect((await ask("http", "GET", "/users", { Cookie: cookie, Host: "evil.example" })).status).toBe(403);
  });

  test("a cookie is nothing at other paths, and beside an Authorization header", async () => {
    const cookie = await signedIn("bob");
    const headers = { Cookie: cookie, Origin: urls.http };
    const push = await send("POST", `${urls.http}/v2/team/app/blobs/uploads/`, { headers });
    expect(push.status).toBe(401);
    for (const path of ["/v2/team/app/tags/list", "/v2/", "/aci/keys"]) {
      const [shown, none] = await Promise.all([
        send("GET", urls.http + path, { headers }),
        send("GET", urls.http + path),
      ]);
      expect([path, shown.status]).toEqual([path, none.status]);
    }
    const both = await ask("http", "GET", "/session", { Cookie: cookie, Authorization: basicOf("ann") });
    expect(JSON.parse(both.text)).toMatchObject({ principal: "ann", via: "header", session: null });
    const wrong = await ask("http", "GET", "/session", { Cookie: cookie, Authorization: basicOf("ann", "x") });
    expect(JSON.parse(wrong.text)).toMatchObject({
      principal: null,
      problem: expect.stringContaining("wrong") as string,
    });
  });

  test("a cookie of one scheme is none of the other", async () => {
    const [plain, secure] = [await signedIn("ann", "http"), await signedIn("ann", "https")];
    expect(await sessionOf(plain, "https")).toMatchObject({ principal: null });
    expect(await sessionOf(secure, "http")).toMatchObject({ principal: null });
    expect(await sessionOf(`${plain}; ${secure}`, "http")).toMatchObject({ principal: "ann" });
    expect(await sessionOf(plain.replace("larder-", "__Host-larder-"), "https")).toMatchObject({ principal: "ann" });
  });

  test("a cookie of nobody's counts as none, is taken away, and keeps nobody out", async () => {
    const good = await signedIn("ann");
    const name = good.split("=")[0] ?? "";
    for (const value of ["", "x", "a".repeat(43), "%00", "\u00e4", "a".repeat(6000), '"', "a=b"]) {
      const answer = await sessionOf(`${name}=${value}`);
      expect(answer).toMatchObject({ principal: null, hasEnded: true });
      expect(answer.headers.get("set-cookie")).toStartWith(
        `${name}=; Path=/api/v1; HttpOnly; SameSite=Strict; Max-Age=0`,
      );
      expect(answer.headers.get("x-larder-session")).toBe("ended");
      const again = await signIn("http", { name: "ann", password: passwordOf("ann") }, { Cookie: `${name}=${value}` });
      expect(again.status).toBe(200);
    }
    const others = Array.from({ length: 50 }, (_, at) => `c${at}=${at}`).join("; ");
    expect(await sessionOf(`${others}; larder-00000000=x; ;=; ${good}`)).toMatchObject({ principal: "ann" });
    expect(await sessionOf(`${name}=old; ${good}`)).toMatchObject({ principal: "ann", hasEnded: false });
    expect(await sessionOf("other=1")).toMatchObject({ hasEnded: false });
  });

  test("each sign-in has a secret of its own, and ends the one that the browser had", async () => {
    const first = await signedIn("ann");
    const second = cookieOf(await signIn("http", { name: "bob", password: passwordOf("bob") }, { Cookie: first }));
    expect(second).not.toBe(first);
    expect(await sessionOf(first)).toMatchObject({ principal: null, hasEnded: true });
    expect(await sessionOf(second)).toMatchObject({ principal: "bob" });
  });

  test("signing out ends it here and there", async () => {
    const cookie = await signedIn("ann");
    const reply = await ask("http", "DELETE", "/session", { Cookie: cookie, Origin: urls.http });
    expect([reply.status, JSON.parse(reply.text)]).toEqual([200, { signedOut: true }]);
    expect(reply.headers.get("set-cookie")).toContain("Max-Age=0");
    expect(await sessionOf(cookie)).toMatchObject({ principal: null });
    const again = await ask("http", "DELETE", "/session", { Cookie: cookie, Origin: urls.http });
    expect(JSON.parse(again.text)).toEqual({ signedOut: false });
  });

  test("a wrong password and an unknown user sound alike, and neither is asked for in a browser's own window", async () => {
    const replies = [
      await signIn("http", { name: "ann", password: "wrong" }),
      await signIn("http", { name: "nobody", password: "wrong" }),
    ];
    const [wrong, unknown] = replies.map(({ status, text }) => [status, { ...JSON.parse(text), requestId: "" }]);
    expect(wrong).toEqual(unknown);
    expect(replies[0]?.status).toBe(401);
    for (const { headers } of replies) {
      expect(headers.get("www-authenticate")).toStartWith("Bearer ");
      expect(headers.getSetCookie()).toEqual([]);
    }
    const script = await ask("http", "GET", "/users", { "X-Requested-With": "larder" });
    expect(script.headers.get("www-authenticate")).toStartWith("Bearer ");
    expect((await ask("http", "GET", "/users")).headers.get("www-authenticate")).toStartWith("Basic ");
  });

  test.each([
    {},
    { name: "ann" },
    { password: "x" },
    { name: "ann", password: "x", token: "y" },
    { name: "", password: "x" },
    { user: "x" },
  ])("it takes a name and a password, or a token: %j", async (body) => {
    expect((await signIn("http", body)).status).toBe(400);
  });

  test("who guesses is slowed down", async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 11; at++)
      statuses.push((await signIn("http", { name: "guessed", password: `p${at}` })).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    expect((await signIn("http", { name: "bob", password: passwordOf("bob") })).status).toBe(200);
  });

  test("of a user ends with the password, and with the user, though another one comes", async () => {
    await verb(["user", "add", "eve", "--password-stdin"], "one");
    const first = cookieOf(await signIn("http", { name: "eve", password: "one" }));
    expect(await sessionOf(first)).toMatchObject({ principal: "eve" });
    await verb(["user", "passwd", "eve", "--password-stdin"], "two");
    expect(await sessionOf(first)).toMatchObject({ principal: null, hasEnded: true });
    const second = cookieOf(await signIn("http", { name: "eve", password: "two" }));
    await verb(["user", "rm", "eve"]);
    await verb(["user", "add", "eve", "--password-stdin"], "two");
    expect([await sessionOf(first), await sessionOf(second)]).toMatchObject([{ principal: null }, { principal: null }]);
  });

  test("a token signs in with what it was given, until it is revoked", async () => {
    const token = (await verb(["token", "create", "--name", "ci", "--allow", "pull,push:team/**"])).trim();
    const reply = await signIn("http", { token });
    expect(reply.status, reply.text).toBe(200);
    expect(reply.text).not.toContain(token);
    expect(JSON.parse(reply.text)).toMatchObject({ principal: "token:ci", kind: "token", may: { push: "some" } });
    const wrong = await signIn("http", { token: `${token.slice(0, -1)}x` });
    expect([wrong.status, wrong.text.includes(token.slice(7, 30))]).toEqual([401, false]);
    await verb(["token", "rm", "ci"]);
    expect(await sessionOf(cookieOf(reply))).toMatchObject({ principal: null });
    expect((await signIn("http", { token })).text).toContain("was revoked");
  });

  test("everybody sees and ends their own, and an administrator everybody's", async () => {
    const [ann, bob, other] = [await signedIn("ann"), await signedIn("bob"), await signedIn("bob")];
    const list = async (cookie: string, whose: string) => {
      const reply = await ask("http", "GET", `/sessions?whose=${whose}&limit=200`, { Cookie: cookie });
      const sessions: { id: string; name: string; isCurrent: boolean }[] =
        reply.status === 200 ? JSON.parse(reply.text).sessions : [];
      return { status: reply.status, text: reply.text, sessions };
    };
    const end = async (cookie: string, id: string) =>
      (await ask("http", "DELETE", `/sessions/${id}`, { Cookie: cookie, Origin: urls.http })).status;
    const { sessions: bobs, text } = await list(bob, "mine");
    expect(new Set(bobs.map(({ name }) => name))).toEqual(new Set(["bob"]));
    expect(bobs.filter(({ isCurrent }) => isCurrent)).toHaveLength(1);
    expect(text.includes(bob.split("=")[1] ?? "")).toBe(false);
    expect((await list(bob, "all")).status).toBe(403);
    expect((await list("", "all")).status).toBe(401);
    expect((await list("", "mine")).sessions).toEqual([]);
    const { sessions: all } = await list(ann, "all");
    const annsId = all.find(({ isCurrent }) => isCurrent)?.id ?? "";
    expect(all.map(({ id }) => id)).toEqual(expect.arrayContaining(bobs.map(({ id }) => id)));
    // Whether there is one is not told.
    expect([await end(bob, annsId), await end(bob, "S0")]).toEqual([403, 403]);
    const othersId = (await sessionOf(other)).session ?? "";
    expect(await end(bob, othersId)).toBe(200);
    expect(await sessionOf(other)).toMatchObject({ principal: null });
    expect(await end(ann, (await sessionOf(bob)).session ?? "")).toBe(200);
    expect(await sessionOf(bob)).toMatchObject({ principal: null });
    expect(await end(ann, "S0")).toBe(404);
  });

  test("whoever signed out hears no more of what happens", async () => {
    const cookie = await signedIn("bob");
    const stream = await fetch(`${urls.http}/api/v1/live`, { headers: { Cookie: cookie } });
    expect(stream.status).toBe(200);
    const ended = stream.text();
    await ask("http", "DELETE", "/session", { Cookie: cookie, Origin: urls.http });
    expect(await ended).toBeString();
  });

  test("is in no backup: who signed out after it is not signed in again by it", async () => {
    const cookie = await signedIn("ann");
    const [copy, restored] = [join(lab.folder, "copy"), join(lab.folder, "restored")];
    await verb(["backup", copy, "--copy", "--registry", lab.larder.url.slice("http://".length)]);
    await verb(["restore", copy, "--data", restored]);
    const database = new Database(join(restored, "larder.db"), { readonly: true });
    expect(database.query("SELECT count(*) AS n FROM page_session").get()).toEqual({ n: 0 });
    database.close();
    expect(await sessionOf(cookie)).toMatchObject({ principal: "ann" });
  });

  test("outlives a restart, and is in the audit log; no secret is, nor in any other", async () => {
    const cookie = await signedIn("ann");
    const audit = await ask("http", "GET", "/audit?limit=1000", { Cookie: cookie });
    const { entries } = JSON.parse(audit.text) as { entries: { action: string; subject: string; who: string }[] };
    expect(entries[0]).toMatchObject({ action: "signed-in", subject: "ann", who: "ann", from: "127.0.0.1" });
    expect(entries.map(({ action }) => action)).toContain("signed-out");
    const [, secret = ""] = cookie.split("=");
    for (const text of [audit.text, lab.larder.output()]) {
      for (const one of [secret, passwordOf("ann") + '"', 'wrong"']) expect(text.includes(one)).toBe(false);
    }
  });
});
