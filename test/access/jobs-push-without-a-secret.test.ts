/** A CI job and a pod push with a token that their platform signed, as real clients send it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { makeTokenIssuer, type TokenIssuer } from "../../src/access/oidc/token-issuer.fixture.ts";
import { LARDER } from "../command-line/run-larder.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { runCommand } from "../end-to-end/run-command.ts";
import { requirement } from "../requirement.ts";

const START_TIMEOUT_MS = 60_000;

describe.skipIf(!requirement(...IMAGE_NEEDS, "skopeo").met)("a workload", () => {
  let folder: string;
  let issuer: TokenIssuer;
  let cluster: TokenIssuer;
  let web: Bun.Server<undefined>;
  let larder: Bun.Subprocess<"ignore", "ignore", "pipe">;
  let registry: string;
  let built: BuiltImage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-jobs-"));
    web = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) =>
        Response.json(url.endsWith("/keys") ? issuer.keySet() : { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }),
    });
    issuer = await makeTokenIssuer(`http://127.0.0.1:${web.port}`);
    cluster = await makeTokenIssuer("https://kubernetes.default.svc.cluster.local", "ES256");
    const jwks = join(folder, "cluster.json");
    await writeFile(jwks, JSON.stringify(cluster.keySet()));
    const oidc = [
      { name: "github", issuer: issuer.url, audience: "larder.example" },
      { name: "cluster", issuer: cluster.url, audience: "larder.example", jwks },
    ];
    const rules = [
      { subject: "anonymous", allow: ["pull"], names: ["**"] },
      {
        subject: "github:*",
        claims: { repository: "acme/app", ref: "refs/heads/main" },
        allow: ["push"],
        names: ["local/acme/**"],
      },
      {
        subject: "cluster:system:serviceaccount:ci:*",
        claims: { "kubernetes.io/namespace": "ci" },
        allow: ["push"],
        names: ["local/ci/**"],
      },
    ];
    const config = join(folder, "larder.yaml");
    await writeFile(config, stringify({ http: "127.0.0.1:0", data: join(folder, "data"), auth: { oidc, rules } }));
    larder = Bun.spawn([LARDER, "serve", "--config", config], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    let printed = "";
    for await (const piece of larder.stderr) {
      printed += new TextDecoder().decode(piece);
      registry = /http:\/\/(127\.0\.0\.1:\d+)/.exec(printed)?.[1] ?? "";
      if (registry !== "") break;
    }
    built = await buildImage(folder, { name: "image" });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    larder.kill();
    await larder.exited;
    await web.stop(true);
    await rm(folder, { recursive: true });
  });

  async function push(token: string, image: string, user = "job"): Promise<string> {
    const to = ["--dest-tls-verify=false", "--dest-creds", `${user}:${token}`];
    const { status, errors } = await runCommand(
      ["skopeo", "copy", "--quiet", ...to, `oci:${built.layout}:image`, `docker://${registry}/${image}`],
      { timeoutMs: 30_000 },
    );
    expect(errors).not.toContain(token.split(".")[2]);
    return status === 0 ? "pushed" : errors;
  }
  const main = { sub: "repo:acme/app:ref:refs/heads/main", repository: "acme/app", ref: "refs/heads/main" };

  test("pushes what the rules for its claims allow, with skopeo, and may be anybody by name", async () => {
    const token = await issuer.issue(main);
    expect(await push(token, "acme/app:1")).toBe("pushed");
    expect(await push(token, "acme/app:2", "github")).toBe("pushed");
    expect(await push(token, "other/app:1")).toContain("denied");
    const branch = await issuer.issue({ ...main, ref: "refs/heads/attack" });
    expect(await push(branch, "acme/app:3")).toContain("denied");
  });

  test("of a cluster whose issuer nobody can reach pushes by a file of keys, and not outside of its namespace", async () => {
    const pod = (namespace: string) =>
      cluster.issue({
        sub: `system:serviceaccount:${namespace}:builder`,
        "kubernetes.io": { namespace, serviceaccount: { name: "builder" } },
      });
    expect(await push(await pod("ci"), "ci/app:1")).toBe("pushed");
    expect(await push(await pod("default"), "ci/app:2")).toContain("denied");
  });

  test("is told which check failed", async () => {
    expect(await push(await issuer.issue({ ...main, exp: 1_790_000_000 }), "acme/app:4")).toContain(
      "expired at 2026-09-21",
    );
    expect(await push(await issuer.issue({ ...main, aud: "vault" }), "acme/app:4")).toContain("is for the audience");
    const other = await makeTokenIssuer("https://issuer.attacker.example");
    expect(await push(await other.issue(main), "acme/app:4")).toContain("none of those that larder was told of");
  });

  test("gets a session that ends with its token", async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = await issuer.issue({ ...main, exp: now + 90 });
    const answer = await fetch(`http://${registry}/token?scope=repository:acme/app:push,pull`, {
      headers: { authorization: `Basic ${btoa(`job:${token}`)}` },
    });
    const given = (await answer.json()) as { token: string; expires_in: number };
    const { exp } = JSON.parse(atob(given.token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")) as {
      exp: number;
    };
    expect(given.expires_in).toBeLessThanOrEqual(90);
    expect(exp).toBeLessThanOrEqual(now + 90);
    const upload = await fetch(`http://${registry}/v2/acme/app/blobs/uploads/`, {
      method: "POST",
      headers: { authorization: `Bearer ${given.token}` },
    });
    expect(upload.status).toBe(202);
    // The token itself is one, too.
    const direct = await fetch(`http://${registry}/v2/acme/app/blobs/uploads/`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
    expect(direct.status).toBe(202);
  });
});
