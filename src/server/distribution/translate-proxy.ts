import { formatDuration } from "../../lib/text/duration.ts";
import { tryParseStandIn } from "../../registry/names/stand-ins.ts";
import type { Said } from "./said.ts";
import { textSaid, type Translator } from "./translator.ts";

/** Every name is looked for at one registry, which is asked at each pull what a tag is; nobody pushes. */
export function translateProxy(said: ReadonlyMap<string, Said>, to: Translator): void {
  const remote = textSaid(said, "proxy.remoteurl");
  const [username, password] = [textSaid(said, "proxy.username"), textSaid(said, "proxy.password")];
  const ttl = said.get("proxy.ttl");
  if (remote === null) {
    const other = username ?? password ?? ttl;
    if (other !== null && other !== undefined) to.refuse(other, "needs proxy.remoteurl beside it");
    return;
  }
  const url = URL.parse(remote.text);
  const host = url === null ? null : tryParseStandIn(url.host);
  if (url === null || host === null || !/^https?:$/.test(url.protocol)) {
    return to.refuse(remote, "must be the URL of a registry, such as https://registry-1.docker.io");
  }
  const endpoint = remote.text.replace(/\/+$/, "");
  to.give("upstreams.HOST.endpoint", endpoint, remote, host);
  to.give("standIn", [host], remote);
  to.give("unqualified", [host], remote);
  to.give("readOnly", true, remote);
  to.imply("tags", "always", remote.origin);
  if (username !== null) to.give("upstreams.HOST.username", username.text, username, host);
  if (password !== null) to.give("upstreams.HOST.password", password.text, password, host);
  if (ttl !== undefined)
    to.give("untagged.cached", Number(ttl.value) < 1000 ? "never" : formatDuration(Number(ttl.value)), ttl);
}
