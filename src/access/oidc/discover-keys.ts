import * as v from "valibot";
import { quoteBriefly } from "../../oci/digest.ts";
import { parseKeySet, type PublicKey } from "./key-set.ts";

/**
 * Fetches a document of an issuer. Rejects, saying why, when the answer is not 200, redirects elsewhere, has more than
 * `limitBytes`, or does not come in time.
 */
export type FetchDocument = (url: URL, limitBytes: number) => Promise<Uint8Array>;

/** GitHub's has 1 KB, that of keys 10 KB. */
const LIMIT_BYTES = 256 * 1024;

const configuration = v.object({ issuer: v.string(), jwks_uri: v.pipe(v.string(), v.maxLength(2048)) });

/**
 * The public keys of an issuer, by its discovery document. Throws an Error that says what is wrong.
 *
 * Source: OpenID Connect Discovery 1.0, sections 4.1 (the path) and 4.3 (the issuer in it has to be the one that was asked).
 */
export async function discoverKeys(issuer: string, fetchDocument: FetchDocument): Promise<readonly PublicKey[]> {
  const address = new URL(`${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`);
  const document = v.safeParse(configuration, parseJson(await fetchDocument(address, LIMIT_BYTES), address));
  if (!document.success) throw new Error(`${address.href} is no OpenID configuration with issuer and jwks_uri`);
  const { issuer: told, jwks_uri: keysAddress } = document.output;
  if (told !== issuer) {
    throw new Error(
      `${address.href} is of the issuer ${quoteBriefly(told)}, not of ${quoteBriefly(issuer)}; auth.oidc has to spell it as its tokens do`,
    );
  }
  const url = URL.parse(keysAddress);
  if (url === null || url.username !== "" || (url.protocol !== "https:" && url.protocol !== address.protocol)) {
    throw new Error(
      `${address.href} names ${quoteBriefly(keysAddress)} as the place of its keys, which larder does not ask`,
    );
  }
  try {
    return parseKeySet(parseJson(await fetchDocument(url, LIMIT_BYTES), url));
  } catch (cause) {
    throw new Error(`the keys at ${url.origin}${url.pathname} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function parseJson(bytes: Uint8Array, url: URL): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Error(`${url.origin}${url.pathname} is not JSON`, { cause });
  }
}
