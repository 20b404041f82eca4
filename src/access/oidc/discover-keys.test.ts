import { beforeAll, expect, test } from "bun:test";
import { discoverKeys } from "./discover-keys.ts";
import { makeTokenIssuer, type TokenIssuer } from "./token-issuer.fixture.ts";

const ISSUER = "https://gitlab.example/group";
const CONFIGURATION = `${ISSUER}/.well-known/openid-configuration`;
let issuer: TokenIssuer;

beforeAll(async () => {
  issuer = await makeTokenIssuer(ISSUER, "ES256");
});

/** Asks an issuer that has these documents, and tells which were asked for. */
async function discover(
  documents: Readonly<Record<string, unknown>>,
  of = ISSUER,
): Promise<readonly [string, string[]]> {
  const asked: string[] = [];
  try {
    const keys = await discoverKeys(of, async (url, limitBytes) => {
      expect(limitBytes).toBeLessThanOrEqual(256 * 1024);
      asked.push(url.href);
      const document = documents[url.href];
      if (document === undefined) throw new Error("404");
      return new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
    });
    return [`${keys.length} keys`, asked];
  } catch (error) {
    return [(error as Error).message, asked];
  }
}

test("keys are where the issuer's own configuration says", async () => {
  const keys = "https://keys.example/jwks?format=json";
  const documents = { [CONFIGURATION]: { issuer: ISSUER, jwks_uri: keys }, [keys]: issuer.keySet() };
  expect(await discover(documents)).toEqual(["1 keys", [CONFIGURATION, keys]]);
  const slashed = { ...documents, [CONFIGURATION]: { issuer: `${ISSUER}/`, jwks_uri: keys } };
  expect(await discover(slashed, `${ISSUER}/`)).toEqual(["1 keys", [CONFIGURATION, keys]]);
});

test("a configuration of another issuer is not believed", async () => {
  const documents = { [CONFIGURATION]: { issuer: "https://gitlab.example", jwks_uri: "https://keys.example/" } };
  expect(await discover(documents)).toEqual([
    `${CONFIGURATION} is of the issuer "https://gitlab.example", not of "${ISSUER}"; auth.oidc has to spell it as its tokens do`,
    [CONFIGURATION],
  ]);
});

test.each<[string, unknown, string]>([
  ["no JSON", "<html>", "is not JSON"],
  ["a text", '"x"', "is no OpenID configuration"],
  ["a list", [], "is no OpenID configuration"],
  ["no place of keys", { issuer: ISSUER }, "is no OpenID configuration"],
  ["keys without TLS", { issuer: ISSUER, jwks_uri: "http://gitlab.example/keys" }, "which larder does not ask"],
  ["keys in a file", { issuer: ISSUER, jwks_uri: "file:///etc/passwd" }, "which larder does not ask"],
  ["keys with a user", { issuer: ISSUER, jwks_uri: "https://a:b@keys.example/" }, "which larder does not ask"],
  ["no keys", { issuer: ISSUER, jwks_uri: "https://keys.example/" }, "404"],
])("%s", async (_, configuration, why) => {
  expect((await discover({ [CONFIGURATION]: configuration }))[0]).toContain(why);
});
