import type { Plain } from "../settings/shapes.ts";
import type { Said } from "./said.ts";
import { textSaid, type Translator } from "./translator.ts";

/** Where registry:2 listens when nobody says. */
const USUAL = ":5000";

/** registry:2 listens at one address; with a certificate it speaks HTTPS there, and nothing else. */
export function translateListener(said: ReadonlyMap<string, Said>, to: Translator): void {
  translateAnswers(said, to);
  const debug = textSaid(said, "http.debug.addr");
  if (debug !== null) to.give("debug", debug.text, debug);
  const address = textSaid(said, "http.addr");
  const [certificate, key] = [textSaid(said, "http.tls.certificate"), textSaid(said, "http.tls.key")];
  const [one, other] = certificate === null ? [key, "certificate"] : [certificate, "key"];
  if (one === null) {
    if (address !== null) to.give("http", address.text, address);
    return;
  }
  if (certificate === null || key === null) return to.refuse(one, `needs http.tls.${other} beside it`);
  to.give("http", [], address ?? certificate);
  to.give("https", address?.text ?? USUAL, address ?? certificate);
  to.give("tls.cert", certificate.text, certificate);
  to.give("tls.key", key.text, key);
  translateTls(said, to);
}

function translateAnswers(said: ReadonlyMap<string, Said>, to: Translator): void {
  const host = textSaid(said, "http.host");
  if (host !== null) to.give("publicUrl", host.text, host);
  const relative = said.get("http.relativeurls");
  if (relative !== undefined) to.give("locations", relative.value === true ? "relative" : "absolute", relative);
  const headers = [...said.values()].filter(({ row }) => row.key === "http.headers.*");
  const [first] = headers;
  if (first !== undefined) {
    to.give(
      "headers",
      Object.fromEntries(headers.map(({ key, value }) => [key.slice("http.headers.".length), value as Plain])),
      first,
    );
  }
}

function translateTls(said: ReadonlyMap<string, Said>, to: Translator): void {
  const minimum = textSaid(said, "http.tls.minimumtls");
  if (minimum !== null && /tls1\.[01]/.test(minimum.text)) {
    to.refuse(minimum, "larder speaks TLS 1.2 and 1.3 alone, as every client of the last ten years does; say tls1.2");
  } else if (minimum !== null) to.give("tlsMinimum", minimum.text.replace("tls", ""), minimum);
  const suites = said.get("http.tls.ciphersuites");
  if (suites === undefined || !Array.isArray(suites.value)) return;
  const names = (suites.value as readonly string[]).filter((name) => !/^TLS_(?:AES|CHACHA20)_/.test(name));
  const unknown = names.filter((name) => !(name in SUITES));
  if (unknown.length > 0) {
    const known = Object.keys(SUITES).join(", ");
    return to.refuse(
      suites,
      `larder has no cipher suite ${unknown.join(", ")}; there are ${known}, and all of TLS 1.3`,
    );
  }
  if (names.length > 0)
    to.give(
      "tlsCiphers",
      names.map((name) => SUITES[name] ?? name),
      suites,
    );
}

/** Go's names of the cipher suites of TLS 1.2 that are thought safe, and OpenSSL's. */
const SUITES: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: "ECDHE-ECDSA-AES128-GCM-SHA256",
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: "ECDHE-ECDSA-AES256-GCM-SHA384",
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-ECDSA-CHACHA20-POLY1305",
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: "ECDHE-RSA-AES128-GCM-SHA256",
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: "ECDHE-RSA-AES256-GCM-SHA384",
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: "ECDHE-RSA-CHACHA20-POLY1305",
};
