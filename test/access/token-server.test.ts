/** Larder as its own token server, asked as clients ask. Sources: distribution v3.0.0, docs/spec/auth/token.md and oauth.md. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { isForeignRegistry } from "../conformance/registry-under-test.ts";
import { send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { basicOf, GuardedLarder, htpasswdOf, passwordOf } from "./guarded-larder.ts";

const IMAGE = makeImage();
const RULES = [
  { subject: "anonymous", allow: ["pull"], names: ["public/**"] },
  { subject: "bob", allow: ["pull", "push"], names: ["team/**"] },
];

type Asked = { readonly user?: string | null; readonly scopes?: readonly string[]; readonly more?: string };

describe.skipIf(isForeignRegistry)("the token server", () => {
  let lab: GuardedLarder;
  beforeAll(async () => {
    lab = await GuardedLarder.start(["bob", "eve"], RULES);
    await lab.push("bob", "team/app", IMAGE, "1");
  }, 60_000);
  afterAll(() => lab.stop());

  const get = ({ user = null, scopes = [], more = "" }: Asked) =>
    lab.as(
      user,
      "GET",
      `/token?service=larder${scopes.map((scope) => `&scope=${encodeURIComponent(scope)}`).join("")}${more}`,
    );
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    send("POST", `${lab.larder.url}/token`, {
      headers: { "Content-Type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams(fields).toString(),
    });
  const tokenOf = async (asked: Asked): Promise<string> => JSON.parse((await get(asked)).text).token;
  const statusWith = async (token: string, method: string, path: string) =>
    (await send(method, lab.larder.url + path, { headers: { Authorization: `Bearer ${token}` } })).status;
  const uploads = (name: string) => `/v2/${name}/blobs/uploads/`;

  test("a challenge leads to it by the host that was asked, and says what for", async () => {
    const challengeAt = async (path: string, headers: Record<string, string> = {}, method = "GET") =>
      (await send(method, lab.larder.url + path, { headers })).headers.get("www-authenticate");
    const { host } = new URL(lab.larder.url);
    expect(await challengeAt("/v2/")).toBe(`Bearer realm="http://${host}/token",service="larder"`);
    expect(await challengeAt("/v2/", { Host: "registry.lan:5000" })).toContain(
      'realm="http://registry.lan:5000/token"',
    );
    expect(await challengeAt("/v2/", { "X-Forwarded-Proto": "https" })).toContain(`realm="https://${host}/token"`);
    // A host that nobody vouches for leads nobody anywhere.
    expect(await challengeAt("/v2/", { "X-Forwarded-Host": "evil.example" })).toContain(host);
    const push = await challengeAt(uploads("team/app"), {}, "POST");
    expect(push).toEndWith('service="larder",scope="repository:team/app:pull,push"');
    const mirrored = await challengeAt("/v2/team/app/manifests/1?ns=quay.io");
    expect(mirrored).toEndWith('service="larder/quay.io",scope="repository:team/app:pull"');
    expect(await challengeAt("/v2/quay.io/team/app/manifests/1")).toContain('scope="repository:quay.io/team/app:pull"');
    expect(await challengeAt("/v2/team/app/manifests/1", {}, "DELETE")).toContain('scope="repository:team/app:delete"');
    const others = await challengeAt("/api/v1/collections", { "Content-Type": "application/json" }, "POST");
    expect(others).toStartWith('Basic realm="larder"');
    expect(others).toContain(", Bearer realm=");
  });

  test("an answer has all that clients read, and no refresh token, which they would keep for a password", async () => {
    const { status, text, headers } = await get({
      user: "bob",
      more: "&offline_token=true&client_id=docker&account=bob",
    });
    const answer = JSON.parse(text);
    expect(status).toBe(200);
    expect(Object.keys(answer).sort()).toEqual(["access_token", "expires_in", "issued_at", "token"]);
    expect(answer.token).toBe(answer.access_token);
    expect(answer.expires_in).toBeGreaterThanOrEqual(60);
    expect(Math.abs(Date.parse(answer.issued_at) - Date.now())).toBeLessThan(60_000);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(await statusWith(answer.token, "GET", "/v2/")).toBe(200);
  });

  test.each([
    ["several", ["repository:team/app:pull", "repository:team/other:pull,push"]],
    ["several in one, with blanks", ["repository:team/app:pull repository:team/other:pull,push"]],
    ["one in pieces", ["repository:team/other:push", "repository:team/app:pull", "repository:team/other:pull"]],
    ["all actions", ["repository:team/app:pull", "repository:team/other:*"]],
    [
      "kinds that nobody knows",
      ["plugin:x:pull", "nonsense", "repository:team/app:pull", "repository:team/other:push,fly"],
    ],
  ])("%s scopes", async (_, scopes) => {
    const token = await tokenOf({ user: "bob", scopes });
    expect(await statusWith(token, "GET", "/v2/team/app/manifests/1")).toBe(200);
    expect(await statusWith(token, "POST", uploads("team/other"))).toBe(202);
    expect(await statusWith(token, "POST", uploads("team/app"))).toBe(401);
    expect(await statusWith(token, "POST", uploads("team/third"))).toBe(401);
  });

  test("who asks for more than they may gets a token for what they may, nobody in particular included", async () => {
    const scopes = ["repository:public/app:pull,push", "repository:team/app:pull"];
    const [nobodys, eves] = [await tokenOf({ scopes }), await tokenOf({ user: "eve", scopes })];
    for (const token of [nobodys, eves]) {
      expect(await statusWith(token, "GET", "/v2/")).toBe(200);
      // With a token, a refusal is 403: people see its words then.
      expect(await statusWith(token, "POST", uploads("public/app"))).toBe(403);
      expect(await statusWith(token, "GET", "/v2/team/app/manifests/1")).toBe(403);
    }
  });

  test("lists take their own scope, the admin API another", async () => {
    const catalog = await tokenOf({ user: "bob", scopes: ["registry:catalog:*"] });
    expect(await statusWith(catalog, "GET", "/v2/_catalog")).toBe(200);
    expect(await statusWith(catalog, "GET", "/v2/team/app/manifests/1")).toBe(401);
    const all = await tokenOf({ user: "bob", scopes: ["registry:larder:*"] });
    expect(await statusWith(all, "GET", "/api/v1/images/local/team/app:1")).toBe(200);
  });

  test("a name under a registry's service is that registry's", async () => {
    const scope = encodeURIComponent("repository:team/app:pull");
    const { text } = await lab.as("bob", "GET", `/token?service=larder/quay.io&scope=${scope}`);
    const [, payload = ""] = JSON.parse(text).token.split(".");
    // Bob may pull team/** of larder's own alone.
    expect(Buffer.from(payload, "base64url").toString()).not.toContain("quay.io/team/app");
  });

  test("a wrong password is refused by GET and POST, in the header and in the form, and is said nowhere", async () => {
    for (const { status, text } of [
      await send("GET", `${lab.larder.url}/token`, { headers: { Authorization: basicOf("bob", "hunter2") } }),
      await send("GET", `${lab.larder.url}/token`, { headers: { Authorization: basicOf("nobody", "hunter2") } }),
      await post({ grant_type: "password", username: "bob", password: "hunter2" }),
    ]) {
      expect([status, JSON.parse(text).errors[0].code]).toEqual([401, "UNAUTHORIZED"]);
      expect(text).not.toContain("hunter2");
    }
    expect(lab.larder.output()).not.toMatch(/hunter2|grant_type/);
  });

  test("a form's password counts, and more than a header that the client sends to everybody", async () => {
    const fields = {
      grant_type: "password",
      username: "bob",
      password: passwordOf("bob"),
      scope: "repository:team/app:pull",
    };
    for (const headers of [{}, { Authorization: basicOf("eve") }, { Authorization: "Bearer nonsense" }]) {
      const { status, text } = await post(fields, headers);
      expect(status).toBe(200);
      expect(await statusWith(JSON.parse(text).token, "GET", "/v2/team/app/manifests/1")).toBe(200);
    }
    expect((await post({ grant_type: "implicit" })).status).toBe(400);
    expect((await post({ grant_type: "refresh_token", refresh_token: "nonsense" })).status).toBe(401);
    expect((await post({ grant_type: "password", username: "", password: "" })).status).toBe(200);
    expect(
      (await send("POST", `${lab.larder.url}/token`, { body: "{}", headers: { "Content-Type": "application/json" } }))
        .status,
    ).toBe(400);
    expect((await send("PUT", `${lab.larder.url}/token`, { body: "x" })).status).toBe(405);
  });

  test("a token of the token server gets no other one: it would never end", async () => {
    const token = await tokenOf({ user: "bob" });
    expect(await statusWith(token, "GET", "/token")).toBe(401);
    expect((await post({ grant_type: "refresh_token", refresh_token: token })).status).toBe(401);
  });

  test("/v2/ takes a right password and a token, and nothing else", async () => {
    const at = async (authorization: string | null) =>
      (
        await send("GET", `${lab.larder.url}/v2/`, {
          headers: authorization === null ? {} : { Authorization: authorization },
        })
      ).status;
    expect(await at(basicOf("bob"))).toBe(200);
    expect(await at(`Bearer ${await tokenOf({})}`)).toBe(200);
    for (const wrong of [
      null,
      "Basic Og==",
      basicOf("bob", "wrong"),
      "Bearer x.y.z",
      "Bearer",
      "Digest x",
      `Basic ${"A".repeat(20_000)}`,
    ]) {
      expect([wrong?.slice(0, 20), await at(wrong)]).toEqual([wrong?.slice(0, 20), 401]);
    }
  });

  test("who guesses is slowed down, and told for how long; another address is not", async () => {
    const other = await GuardedLarder.start(["bob"], null, { trustedProxies: ["127.0.0.1"] });
    try {
      const guess = (from: string, password: string) =>
        send("GET", `${other.larder.url}/v2/`, {
          headers: { Authorization: basicOf("bob", password), "X-Forwarded-For": from },
        });
      // A node that shows an old password again and again guesses nothing.
      for (let tries = 0; tries < 30; tries++) expect((await guess("192.0.2.3", "old")).status).toBe(401);
      expect((await guess("192.0.2.3", passwordOf("bob"))).status).toBe(200);
      const answers = [];
      for (let tries = 0; tries < 12; tries++) answers.push(await guess("192.0.2.1", `wrong${tries}`));
      expect(answers.map(({ status }) => status).slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401));
      const last = answers.at(-1);
      expect(last?.status).toBe(429);
      expect(Number(last?.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(last?.text).toContain("TOOMANYREQUESTS");
      expect((await guess("192.0.2.2", passwordOf("bob"))).status).toBe(200);
      // What was right before is right, however many guess meanwhile.
      expect((await guess("192.0.2.1", passwordOf("bob"))).status).toBe(200);
    } finally {
      await other.stop();
    }
  });

  test("a changed htpasswd file counts within seconds, though it was replaced by a rename, and a broken one does not", async () => {
    const other = await GuardedLarder.start(["bob", "eve"], null);
    try {
      const statusOf = async (user: string) => (await other.as(user, "GET", "/v2/")).status;
      expect([await statusOf("bob"), await statusOf("eve")]).toEqual([200, 200]);
      const { text } = await other.as("eve", "GET", "/token?service=larder");
      const session = async () => {
        const headers = { Authorization: `Bearer ${JSON.parse(text).token}` };
        return (await send("GET", `${other.larder.url}/v2/`, { headers })).status;
      };
      expect(await session()).toBe(200);
      const [file, next] = [join(other.folder, "htpasswd"), join(other.folder, "next")];
      await writeFile(next, await htpasswdOf("bob", "ann"));
      await rename(next, file);
      await until("the file is read", () => other.larder.output().includes("its users are in use"));
      expect([await statusOf("ann"), await statusOf("bob"), await statusOf("eve")]).toEqual([200, 200, 401]);
      expect(await session()).toBe(401);
      await writeFile(file, "bob:$apr1$x$y\n");
      await until("the file is refused", () => other.larder.output().includes("hashed by MD5"));
      expect(other.larder.output()).toContain(`${file}:1: `);
      expect(await statusOf("bob")).toBe(200);
    } finally {
      await other.stop();
    }
  }, 30_000);
});
