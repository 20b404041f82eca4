import { beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { calculateJwkThumbprint, exportSPKI, importJWK } from "jose";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Credentials } from "../credentials.ts";
import type { Principal } from "../principal.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import { parseKeySet } from "./key-set.ts";
import { OidcChecker } from "./oidc-checker.ts";
import type { OidcProvider } from "./oidc-provider.ts";
import { makeTokenIssuer, type TokenIssuer } from "./token-issuer.fixture.ts";

const ISSUER = "https://token.actions.githubusercontent.com";
const HOUR = 3600;
let issuer: TokenIssuer;
const now = () => Date.now();
const seconds = () => Math.floor(now() / 1000);

beforeAll(async () => {
  issuer = await makeTokenIssuer(ISSUER);
});

function providerOf(of: TokenIssuer, name = "github", audiences = ["larder.example"]): OidcProvider {
  const keys = new IssuerKeys({
    read: async () => parseKeySet(of.keySet()),
    mayRead: () => true,
    recall: async () => null,
    keep: async () => {},
    onFailure: () => {},
    now,
  });
  return { name, issuer: of.url, audiences, keys };
}

function checkerOf(...providers: readonly OidcProvider[]): OidcChecker {
  return new OidcChecker({ providers: () => providers, now });
}

async function refusalOf(token: string, checker = checkerOf(providerOf(issuer))): Promise<string> {
  try {
    const principal = await checker.check({ kind: "bearer", token });
    return `taken: ${JSON.stringify(principal)}`;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const { message, code } = error;
    for (const part of token.split(".")) if (part.length > 8) expect(message).not.toContain(part.slice(0, 12));
    return `${code}: ${message}`;
  }
}

/** A token with this header and payload, and any signature. */
function unsigned(header: object, payload: object, signature = "AAAA"): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(payload)}.${signature}`;
}

const goodClaims = () => ({ iss: ISSUER, aud: "larder.example", sub: "job", exp: seconds() + HOUR });

describe("a right token", () => {
  test("is a workload with its claims, as Bearer and as any user's password", async () => {
    const token = await issuer.issue({ sub: "repo:acme/app:ref:refs/heads/main", repository: "acme/app" });
    const both: readonly Credentials[] = [
      { kind: "bearer", token },
      { kind: "basic", username: "anything", password: token },
    ];
    for (const credentials of both) {
      const principal = (await checkerOf(providerOf(issuer)).check(credentials)) as Principal & { kind: "workload" };
      expect(principal).toMatchObject({
        kind: "workload",
        provider: "github",
        name: "repo:acme/app:ref:refs/heads/main",
        claims: { repository: "acme/app", aud: "larder.example", sub: "repo:acme/app:ref:refs/heads/main" },
      });
      expect(Math.abs(principal.expiresAtMs - Date.now() - 300_000)).toBeLessThan(60_000);
    }
  });

  test.each(["RS512", "PS256", "ES256", "ES384", "EdDSA"])("may be signed with %s", async (alg) => {
    const other = await makeTokenIssuer(ISSUER, alg);
    expect(await refusalOf(await other.issue(), checkerOf(providerOf(other)))).toStartWith("taken");
  });

  test("may be for several audiences, and be a little early or late", async () => {
    const at = seconds();
    for (const claims of [
      { aud: ["https://kubernetes.default.svc", "larder.example"] },
      { exp: at - 10 },
      { nbf: at + 10 },
    ]) {
      expect(await refusalOf(await issuer.issue(claims))).toStartWith("taken");
    }
  });

  test("of one of two clusters with the same issuer is that cluster's", async () => {
    const [one, two] = [await makeTokenIssuer(ISSUER), await makeTokenIssuer(ISSUER, "ES256")];
    await two.rotate();
    const checker = checkerOf(providerOf(one, "cluster-a"), providerOf(two, "cluster-b"));
    for (const [from, provider] of [
      [one, "cluster-a"],
      [two, "cluster-b"],
    ] as const) {
      expect(await checker.check({ kind: "bearer", token: await from.issue() })).toMatchObject({ provider });
    }
  });
});

describe("a wrong token is refused, and the answer says why", () => {
  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["expired", { exp: 1_790_000_000 }, "expired at 2026-09-21T14:13:20Z (it is "],
    [
      "for others",
      { aud: "sts.amazonaws.com" },
      'is for the audience "sts.amazonaws.com", and larder takes "larder.example"',
    ],
    ["for nobody", { aud: undefined }, "lacks the claim aud"],
    ["without an end", { exp: undefined }, "lacks the claim exp"],
    ["with an end that is no number", { exp: "tomorrow" }, "has a claim exp that is not right"],
    ["without a subject", { sub: undefined }, "lacks the claim sub"],
    ["with a subject that breaks the log", { sub: "a\nb" }, "has a subject (sub) that is no plain text"],
    ["not good yet", { nbf: 4_000_000_000, exp: 4_000_000_100 }, "counts only from 2096-10-02T07:06:40Z"],
    ["good for ever", { exp: 4_000_000_000 }, "is good for more than a year"],
  ])("%s", async (_, claims, why) => {
    const told = await refusalOf(await issuer.issue(claims));
    expect(told).toStartWith(`UNAUTHORIZED: the token of the issuer "${ISSUER}" `);
    expect(told).toContain(why);
  });

  test("of an issuer that larder was not told of", async () => {
    const other = await makeTokenIssuer("https://issuer.attacker.example");
    expect(await refusalOf(await other.issue())).toBe(
      'UNAUTHORIZED: the token is of the issuer "https://issuer.attacker.example", which is none of those that larder was told of (auth.oidc)',
    );
    // One slash more is another issuer.
    expect(await refusalOf(await issuer.issue({ iss: `${ISSUER}/` }))).toContain("which is none of those");
  });

  test("signed by somebody else under the issuer's name and key", async () => {
    const forger = await makeTokenIssuer(ISSUER);
    expect(await refusalOf(await forger.issue())).toEndWith("has a signature that is wrong");
    const [head, body] = (await issuer.issue()).split(".");
    const [, , other] = (await issuer.issue({ sub: "other" })).split(".");
    expect(await refusalOf(`${head}.${body}.${other}`)).toEndWith("has a signature that is wrong");
    expect(await refusalOf(`${head}.${body}.`)).toStartWith("UNAUTHORIZED");
  });

  test("without a signature: alg none in any spelling", async () => {
    for (const alg of ["none", "None", "NONE", "nOnE"]) {
      for (const signature of ["", "AAAA"]) {
        expect(await refusalOf(unsigned({ alg, typ: "JWT" }, goodClaims(), signature))).toStartWith("UNAUTHORIZED");
      }
    }
  });

  test("HS256 with the public key as the secret, in each form that it is known in", async () => {
    const [jwk] = issuer.keySet().keys;
    if (jwk === undefined) throw new Error("no key");
    const pem = await exportSPKI((await importJWK({ ...jwk, ext: true }, "RS256", { extractable: true })) as CryptoKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n ?? "", Buffer.from(jwk.n ?? "", "base64url")]) {
      for (const header of [{ alg: "HS256", kid: jwk.kid }, { alg: "HS256" }]) {
        const [head, body] = unsigned(header, goodClaims()).split(".");
        const signature = createHmac("sha256", secret).update(`${head}.${body}`).digest("base64url");
        expect(await refusalOf(`${head}.${body}.${signature}`)).toContain("is not signed in one of the ways");
      }
    }
  });

  test("whose header brings a key, or the place of one", async () => {
    const forger = await makeTokenIssuer(ISSUER);
    const [jwk] = forger.keySet().keys;
    const kid = await calculateJwkThumbprint(jwk ?? { kty: "RSA" });
    for (const header of [
      { jwk },
      { jwk, kid },
      { jku: "https://issuer.attacker.example/keys" },
      { x5u: "https://issuer.attacker.example/cert" },
      { x5c: ["MIIB"] },
    ]) {
      expect(await refusalOf(await forger.issue({}, header))).toStartWith("UNAUTHORIZED");
    }
  });

  test("with a critical header that nobody knows", async () => {
    const [, body, signature] = (await issuer.issue()).split(".");
    const head = Buffer.from(JSON.stringify({ alg: "RS256", kid: "key-1", crit: ["exp2"], exp2: 1 })).toString(
      "base64url",
    );
    expect(await refusalOf(`${head}.${body}.${signature}`)).toStartWith("UNAUTHORIZED");
  });
});

describe("what is no token of this kind is left to others", () => {
  test.each([
    ["a password", "secret"],
    ["a token of larder's own", "larder_abcdefghijklmnop"],
    ["an encrypted token", "eyJhbGciOiJkaXIifQ.eyJh.eyJh.eyJh.eyJh"],
    ["broken parts", "eyAA.eyAA.AA"],
    ["no issuer", unsigned({ alg: "RS256" }, { sub: "x" })],
    ["an issuer that is no URL", unsigned({ alg: "RS256" }, { iss: "Azure Container Registry" })],
    ["an issuer that is no text", unsigned({ alg: "RS256" }, { iss: ["a"] })],
    ["more than a header holds", unsigned({ alg: "RS256" }, { iss: ISSUER, pad: "x".repeat(20_000) })],
  ])("%s", async (_, text) => {
    const checker = checkerOf(providerOf(issuer));
    expect(await checker.check({ kind: "bearer", token: text })).toBeNull();
    expect(await checker.check({ kind: "basic", username: "u", password: text })).toBeNull();
  });

  test("and nobody is nobody", async () => {
    expect(await checkerOf(providerOf(issuer)).check({ kind: "none" })).toBeNull();
  });
});

test("tokens as GitHub, GitLab and Kubernetes make them keep what rules are about", async () => {
  const claimsOf = async (claims: Readonly<Record<string, unknown>>) => {
    const principal = await checkerOf(providerOf(issuer)).check({ kind: "bearer", token: await issuer.issue(claims) });
    return principal?.kind === "workload" ? { ...principal.claims } : null;
  };
  const github = {
    sub: "repo:acme@1234/app@5678:environment:production",
    repository: "acme/app",
    repository_id: "5678",
    repository_owner: "acme",
    repository_visibility: "private",
    ref: "refs/heads/main",
    ref_type: "branch",
    ref_protected: "true",
    environment: "production",
    event_name: "push",
    job_workflow_ref: "acme/app/.github/workflows/release.yml@refs/heads/main",
    run_attempt: "1",
    runner_environment: "github-hosted",
  };
  const gitlab = {
    sub: "project_path:group/app:ref_type:branch:ref:main",
    namespace_path: "group",
    project_path: "group/app",
    project_id: "22",
    pipeline_source: "push",
    ref: "main",
    ref_type: "branch",
    ref_protected: "true",
    environment_protected: "false",
    groups_direct: ["group", "group/sub"],
  };
  expect(await claimsOf(github)).toMatchObject(github);
  expect(await claimsOf(gitlab)).toMatchObject(gitlab);
  const pod = {
    aud: ["larder.example"],
    sub: "system:serviceaccount:ci:builder",
    "kubernetes.io": { namespace: "ci", node: { name: "n1" }, serviceaccount: { name: "builder", uid: "u" } },
  };
  expect(await claimsOf(pod)).toMatchObject({
    sub: "system:serviceaccount:ci:builder",
    aud: ["larder.example"],
    "kubernetes.io/namespace": "ci",
    "kubernetes.io/serviceaccount/name": "builder",
    "kubernetes.io/node/name": "n1",
  });
});

test("an issuer whose keys are not known makes it unavailable, not the token wrong", async () => {
  const down = { ...providerOf(issuer) };
  const keys = new IssuerKeys({
    read: () => Promise.reject(new Error("nobody answers")),
    mayRead: () => true,
    recall: async () => null,
    keep: async () => {},
    onFailure: () => {},
    now,
  });
  const told = await refusalOf(await issuer.issue(), checkerOf({ ...down, keys }));
  expect(told).toBe(
    `UNAVAILABLE: the keys of the issuer "${ISSUER}" (auth.oidc "github") are not known, so that its tokens cannot be verified: nobody answers`,
  );
});
