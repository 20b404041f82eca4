/**
 * What a request says of who sends it, in its `Authorization` header.
 *
 * Sources: RFC 7617 (Basic), RFC 6750, section 2.1 (Bearer).
 */
import { RegistryError } from "../oci/registry-error.ts";

/** Nothing, a name with a password, or a token. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string };

const NONE: Credentials = { kind: "none" };
/** Larger than any token of an issuer that is known. */
const LIMIT_CHARACTERS = 16_384;

/**
 * The credentials of a request. An empty name with an empty password is nobody: skopeo sends that. Throws UNAUTHORIZED for
 * a header that is none of both; its message does not repeat it.
 */
export function readCredentials(headers: Headers): Credentials {
  const header = headers.get("authorization");
  if (header === null) return NONE;
  const [, scheme = "", value = ""] = /^([a-z]+) +([^\s,]+)$/i.exec(header.trim()) ?? [];
  if (header.length > LIMIT_CHARACTERS || value === "") throw unreadable();
  if (scheme.toLowerCase() === "bearer") return { kind: "bearer", token: value };
  if (scheme.toLowerCase() !== "basic" || !/^[\w+/-]+={0,2}$/.test(value)) throw unreadable();
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw unreadable();
  if (text === ":") return NONE;
  return { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function unreadable(): RegistryError {
  return new RegistryError(
    "UNAUTHORIZED",
    "the Authorization header is neither Basic, with a name and a password, nor Bearer, with a token",
  );
}
