import { tryParseHost } from "../../lib/net/host-header.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Exchange } from "../exchange.ts";
import { MethodNotAllowed } from "../method-not-allowed.ts";
import type { Pages } from "../pages.ts";
import { isNotModified } from "../send-content.ts";
import { PAGE_PATH, type PageFile, type PageFiles, type PageForm } from "./page-file.ts";

const METHODS = ["GET", "HEAD"];

/**
 * What the page may do in a browser: load what is larder's own, ask larder alone, and be framed by nobody. `connect-src`
 * and the others name no other place, so that a stranger's text that became a page's part would reach nobody.
 *
 * Source: Content Security Policy Level 3; Trusted Types.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const SAFETY: Readonly<Record<string, string>> = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
};

const YEAR_SECONDS = 31_536_000;

type Options = {
  readonly files: PageFiles;
  /** Is the page shown at all? At each request. */
  readonly isShown: () => boolean;
  /** Registries that larder answers for: under their names it is not larder that a reader means. */
  readonly isStandIn: (host: string) => boolean;
};

/** Answers the page at `/`, and its files below `/web/`. Anybody may have them: they hold nothing of what is here. */
export class WebPages implements Pages {
  readonly name = "web";
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  answer(exchange: Exchange): Promise<Response> | null {
    const { path } = exchange;
    if ((path !== "/" && !path.startsWith(PAGE_PATH)) || !this.#options.isShown()) return null;
    exchange.record.route = "web";
    return this.#answer(exchange, path === "/" ? "index.html" : path.slice(PAGE_PATH.length));
  }

  async #answer(exchange: Exchange, name: string): Promise<Response> {
    const { request, host } = exchange;
    if (!METHODS.includes(request.method)) throw new MethodNotAllowed(request.method, METHODS);
    const meant = tryParseHost(host ?? "");
    if (meant !== null && this.#options.isStandIn(meant.name)) throw standsIn(meant.name);
    const file = await this.#options.files.find(name);
    if (file === null) throw new RegistryError("NAME_UNKNOWN", `the page has no file ${quoteBriefly(name)}`);
    return sendFile(exchange, file);
  }
}

function sendFile(exchange: Exchange, file: PageFile): Response {
  const { request, record } = exchange;
  const form = chooseForm(request.headers.get("accept-encoding") ?? "");
  // Bytes that differ have tags that differ.
  const tag = form === "identity" ? file.tag : `${file.tag}-${form}`;
  const headers: Record<string, string> = {
    ...SAFETY,
    "Content-Type": file.contentType,
    "Cache-Control": file.isImmutable ? `public, max-age=${YEAR_SECONDS}, immutable` : "no-cache",
    ETag: `"${tag}"`,
    Vary: "Accept-Encoding",
  };
  if (isNotModified(request, tag)) return new Response(null, { status: 304, headers });
  if (form !== "identity") headers["Content-Encoding"] = form;
  const bytes = file.forms[form];
  headers["Content-Length"] = String(bytes.byteLength);
  if (request.method === "HEAD") return new Response(null, { headers });
  record.bytesOut = bytes.byteLength;
  return new Response(bytes, { headers });
}

/** The smallest form that the client takes. Source: RFC 9110, section 12.5.3. */
function chooseForm(accepted: string): PageForm {
  const taken = new Set(
    accepted
      .toLowerCase()
      .split(",")
      .filter((one) => !/;\s*q=0(?:\.0*)?\s*$/.test(one))
      .map((one) => one.replace(/;.*$/, "").trim()),
  );
  if (taken.has("br")) return "br";
  return taken.has("gzip") ? "gzip" : "identity";
}

function standsIn(host: string): RegistryError {
  return new RegistryError(
    "NAME_UNKNOWN",
    `this is a larder, which stands in for ${host} here; its page is at the address of the machine that it runs on`,
  );
}
