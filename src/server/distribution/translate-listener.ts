import type { Said } from "./said.ts";
import { textSaid, type Translator } from "./translator.ts";

/** Where registry:2 listens when nobody says. */
const USUAL = ":5000";

/** registry:2 listens at one address; with a certificate it speaks HTTPS there, and nothing else. */
export function translateListener(said: ReadonlyMap<string, Said>, to: Translator): void {
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
}
