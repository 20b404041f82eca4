/**
 * Verifies tokens of other issuers. It loads `jose`, which takes longer than the rest of larder's start: import it when
 * there is a token.
 *
 * Source: RFC 7519, section 7.2; RFC 8725 (JSON Web Token best current practices).
 */
import { createLocalJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { quoteBriefly } from "../../oci/digest.ts";
import type { KeySet } from "./key-set.ts";

/** What a token has to be. */
export type TokenRules = {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: KeySet;
  /** Milliseconds since 1970. */
  readonly now: number;
};

/** Signatures by a key that the verifier does not know as well. With HS256, everybody's public key would be such a one. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** What clocks may differ by. */
const TOLERANCE_SECONDS = 30;
/** A token that is good for longer is nobody's that is short-lived: a service account's from before Kubernetes 1.24, say. */
const LONGEST_LIFE_SECONDS = 366 * 86_400;

/** A token that is not to be believed. The message says which check failed, completes "the token …", and quotes claims, never the token. */
export class TokenRefused extends Error {}

/** The claims of a token that is right in everything, with `sub` and `exp`. Throws TokenRefused. */
export async function verifyToken(
  token: string,
  { issuer, audiences, keys, now }: TokenRules,
): Promise<JWTPayload & { readonly sub: string; readonly exp: number }> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: [...keys.keys] }), {
      algorithms: ALGORITHMS,
      issuer,
      audience: [...audiences],
      requiredClaims: ["exp", "sub"],
      clockTolerance: TOLERANCE_SECONDS,
      currentDate: new Date(now),
    });
    const { sub, exp } = payload;
    if (typeof sub !== "string" || exp === undefined || !/^[\x20-\x7e]{1,1024}$/.test(sub)) {
      throw new TokenRefused("has a subject (sub) that is no plain text of up to 1024 characters");
    }
    if (exp > now / 1000 + LONGEST_LIFE_SECONDS) throw new TokenRefused("is good for more than a year");
    return { ...payload, sub, exp };
  } catch (error) {
    throw error instanceof TokenRefused ? error : new TokenRefused(explain(error, audiences, now), { cause: error });
  }
}

/** Claims are quoted only when the signature was right. */
function explain(error: unknown, audiences: readonly string[], now: number): string {
  if (error instanceof errors.JWTExpired) return `expired at ${momentOf(error.payload.exp, now)}`;
  if (error instanceof errors.JWTClaimValidationFailed) return explainClaim(error, audiences, now);
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `is not signed in one of the ways that are taken (${ALGORITHMS.join(", ")})`;
  if (error instanceof errors.JWKSNoMatchingKey) return "is signed with a key that is not among its issuer's";
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return "does not say with which of its issuer's keys it is signed";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "has a signature that is wrong";
  return "is not a signed JSON Web Token of a kind that larder takes";
}

function explainClaim(
  { claim, reason, payload }: errors.JWTClaimValidationFailed,
  audiences: readonly string[],
  now: number,
): string {
  if (reason === "missing") return `lacks the claim ${claim}`;
  if (claim === "aud") {
    const told = [payload.aud ?? []].flat().map((audience) => quoteBriefly(audience));
    return `is for the audience ${told.slice(0, 5).join(", ")}, and larder takes ${audiences.map(quoteBriefly).join(", ")}`;
  }
  if (claim === "nbf") return `counts only from ${momentOf(payload.nbf, now)}`;
  return `has a claim ${claim} that is not right`;
}

function momentOf(seconds: unknown, now: number): string {
  if (typeof seconds !== "number") return "an unknown time";
  const moment = new Date(seconds * 1000);
  if (Number.isNaN(moment.getTime())) return "an unknown time";
  return `${moment.toISOString().replace(".000Z", "Z")} (it is ${new Date(now).toISOString().replace(/\.\d+Z/, "Z")} here)`;
}
