import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** An issuer for tests, which signs what it is told to. */
export type TokenIssuer = {
  readonly url: string;
  /** The JSON Web Key Set that it publishes now. */
  keySet(): { keys: JWK[] };
  /** A token that is right in all, but for what `claims` and `header` say otherwise; undefined takes a claim away. */
  issue(claims?: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>;
  /** From now on it signs with another key, and publishes that, too, unless told otherwise. */
  rotate(options?: { isPublished: boolean }): Promise<void>;
};

/** Makes an issuer that signs for the audience `larder.example`, at the time of this machine. */
export async function makeTokenIssuer(url: string, alg = "RS256"): Promise<TokenIssuer> {
  const published: JWK[] = [];
  let number = 0;
  let signing = await generateKeyPair(alg, { extractable: true });
  const publish = async () => {
    number++;
    published.push({ ...(await exportJWK(signing.publicKey)), kid: `key-${number}`, use: "sig", alg });
  };
  await publish();
  return {
    url,
    keySet: () => ({ keys: [...published] }),
    issue: (claims = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: url, aud: "larder.example", sub: "job", iat: now, exp: now + 300, ...claims };
      const said = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined)) as JWTPayload;
      return new SignJWT(said).setProtectedHeader({ alg, kid: `key-${number}`, ...header }).sign(signing.privateKey);
    },
    rotate: async ({ isPublished } = { isPublished: true }) => {
      signing = await generateKeyPair(alg, { extractable: true });
      if (isPublished) await publish();
      else number++;
    },
  };
}
