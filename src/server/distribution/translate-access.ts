import type { Said } from "./said.ts";
import { textSaid, type Translator } from "./translator.ts";

/** What somebody may in registry:2 who may anything. */
const EVERYTHING = ["pull", "push", "delete"];

/**
 * In registry:2 whoever gets in may do everything, and nobody else anything: by password, by a certificate, or, without either,
 * everybody.
 */
export function translateAccess(said: ReadonlyMap<string, Said>, to: Translator): void {
  const auth = said.get("auth");
  if (auth !== undefined && ![...said.keys()].some((key) => key.startsWith("auth."))) {
    to.refuse(
      auth,
      "it names no way to get in; say auth.htpasswd, or leave auth out for a registry that is open to everybody",
    );
  }
  const htpasswd = said.get("auth.htpasswd");
  const path = textSaid(said, "auth.htpasswd.path");
  if (path !== null) to.give("auth.htpasswd", path.text, path);
  else if (htpasswd !== undefined) {
    to.refuse(htpasswd, "needs auth.htpasswd.path, a file of htpasswd -B (REGISTRY_AUTH_HTPASSWD_PATH)");
  }
  const realm = textSaid(said, "auth.htpasswd.realm");
  if (path !== null) to.give("auth.basicRealm", realm?.text ?? "larder", realm ?? path);
  const mode = certificateMode(said, to);
  if (path !== null) imply(to, "authenticated", path);
  else if (mode !== null) imply(to, mode.isRequired ? "authenticated" : "anonymous", mode.said);
}

function imply(to: Translator, subject: string, { origin }: Said): void {
  to.imply("auth.rules", [{ subject, allow: EVERYTHING, names: ["**"] }], origin);
}

function certificateMode(
  said: ReadonlyMap<string, Said>,
  to: Translator,
): { readonly said: Said; readonly isRequired: boolean } | null {
  const authorities = said.get("http.tls.clientcas");
  const mode = textSaid(said, "http.tls.clientauth");
  const files = Array.isArray(authorities?.value) ? (authorities.value as readonly string[]).filter(Boolean) : [];
  const [file, ...more] = files;
  if (mode !== null && /^request-|-any-/.test(mode.text)) {
    to.refuse(
      mode,
      "certificates that nobody has verified prove nothing; say verify-client-cert-if-given or require-and-verify-client-cert",
    );
    return null;
  }
  if (authorities !== undefined && file === undefined && (authorities.value as readonly string[]).length > 0) {
    to.refuse(authorities, "it names no file: every certificate would do, and none");
    return null;
  }
  if (authorities === undefined || file === undefined) {
    if (mode !== null) to.refuse(mode, "needs http.tls.clientcas beside it");
    return null;
  }
  if (more.length > 0) {
    to.refuse(authorities, "put the authorities one after the other into one file, and name that");
    return null;
  }
  const isRequired = mode === null || mode.text === "require-and-verify-client-cert";
  to.give("auth.clientCa", file, authorities);
  to.give("auth.clientRequired", isRequired, mode ?? authorities);
  return { said: authorities, isRequired };
}
