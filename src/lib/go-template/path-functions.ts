/** Paths and URLs in Helm's templates. Source: Sprig v3.3.0; Go 1.26, packages path and net/url. */
import { posix } from "node:path";
import { textArgument, toMap, toText } from "./cast-value.ts";
import type { TemplateFunction } from "./template-run.ts";
import { CallFailure, type TemplateMap } from "./template-value.ts";

const base: TemplateFunction = ([path]) =>
  textArgument(path) === "" ? "." : posix.basename(textArgument(path)) || "/";
const directory: TemplateFunction = ([path]) =>
  clean(textArgument(path).slice(0, textArgument(path).lastIndexOf("/") + 1));
const extension: TemplateFunction = ([path]) => /\.[^./]*$/.exec(textArgument(path))?.[0] ?? "";
const cleaned: TemplateFunction = ([path]) => clean(textArgument(path));
const isAbsolute: TemplateFunction = ([path]) => textArgument(path).startsWith("/");

/** Functions by name. */
export const PATH_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  base,
  dir: directory,
  ext: extension,
  clean: cleaned,
  isAbs: isAbsolute,
  osBase: base,
  osDir: directory,
  osExt: extension,
  osClean: cleaned,
  osIsAbs: isAbsolute,
  urlParse: ([text]) => parseUrl(textArgument(text)),
  urlJoin: ([parts]) => joinUrl(toMap(parts)),
};

function clean(path: string): string {
  const plain = posix.normalize(path);
  return plain.length > 1 ? plain.replace(/\/$/, "") : plain;
}

function parseUrl(text: string): TemplateMap {
  const [, scheme = "", rest = ""] = /^(?:([A-Za-z][A-Za-z\d+.-]*):)?([^]*)$/.exec(text) ?? [];
  if (scheme === "" && /^[^/?#]*:/.test(rest)) throw new CallFailure(`${JSON.stringify(text.slice(0, 100))} is no URL`);
  const [, main = "", query = "", fragment = ""] = /^([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/.exec(rest) ?? [];
  const [, authority, path = ""] = /^(?:\/\/([^/]*))?([^]*)$/.exec(main) ?? [];
  const isOpaque = scheme !== "" && authority === undefined && !path.startsWith("/") && path !== "";
  const at = authority?.lastIndexOf("@") ?? -1;
  const host = authority?.slice(at + 1) ?? "";
  return new Map([
    ["scheme", scheme.toLowerCase()],
    ["host", host],
    ["hostname", host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1")],
    ["path", isOpaque ? "" : decode(path)],
    ["query", query],
    ["opaque", isOpaque ? path : ""],
    ["fragment", decode(fragment)],
    ["userinfo", at < 0 ? "" : (authority?.slice(0, at) ?? "")],
  ]);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new CallFailure("the URL holds an escape that is none");
  }
}

function joinUrl(parts: TemplateMap): string {
  const part = (name: string) => (parts.has(name) ? toText(parts.get(name)) : "");
  const scheme = part("scheme") === "" ? "" : `${part("scheme")}:`;
  const user = part("userinfo") === "" ? "" : `${part("userinfo")}@`;
  const path =
    part("host") !== "" && part("path") !== "" && !part("path").startsWith("/") ? `/${part("path")}` : part("path");
  const place =
    part("opaque") !== "" ? part("opaque") : part("host") + user === "" ? path : `//${user}${part("host")}${path}`;
  return (
    scheme +
    place +
    (part("query") === "" ? "" : `?${part("query")}`) +
    (part("fragment") === "" ? "" : `#${part("fragment")}`)
  );
}
