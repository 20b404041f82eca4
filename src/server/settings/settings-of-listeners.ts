import { headers } from "./header-shape.ts";
import { address, boolean, listOf, oneOf, pageSize, text, url } from "./shapes.ts";
import { row } from "./setting.ts";

const LISTENERS = "listeners are opened at the start";
const PERMISSION = "what strangers may do is decided at the start";

/** Settings of a server: where larder listens, and how it answers there. */
export const LISTENER_SETTINGS = {
  http: row({
    flag: "--http <address>",
    shape: listOf(address),
    help: "listen for plain HTTP on :PORT, IPv4:PORT or [IPv6]:PORT",
    default: [{ host: null, port: 5000 }],
    defaultWords: ":5000 when there is no --https",
    restart: LISTENERS,
  }),
  https: row({
    flag: "--https <address>",
    shape: listOf(address),
    help: "listen for HTTPS",
    default: [],
    restart: LISTENERS,
  }),
  "tls.mode": row({
    flag: "--tls <mode>",
    shape: oneOf(["auto"]),
    help: "auto: a certificate of larder's own authority, always current (larder ca)",
    defaultWords: "auto",
    write: "auto, or give the files with --tls-cert and --tls-key",
    restart: LISTENERS,
  }),
  "tls.cert": row({
    flag: "--tls-cert <file>",
    shape: text,
    help: "a certificate of your own, PEM; read again when it changes",
    restart: LISTENERS,
  }),
  "tls.key": row({ flag: "--tls-key <file>", shape: text, help: "and its key", restart: LISTENERS }),
  "tls.constraints": row({
    shape: boolean,
    help: "limit a new authority of larder's own to the hosts that are known when it is made",
    default: false,
    restart: LISTENERS,
  }),
  debug: row({
    shape: listOf(address),
    help: "answer /metrics, /healthz, /readyz and registry:2's /debug/health over plain HTTP there, to all who reach it, and nothing else",
    default: [],
    restart: LISTENERS,
  }),
  tlsMinimum: row({
    shape: oneOf(["1.2", "1.3"]),
    help: "the oldest version of TLS that clients may speak",
    default: "1.2",
    restart: LISTENERS,
  }),
  tlsCiphers: row({
    shape: listOf(text),
    help: "the cipher suites of TLS 1.2, by OpenSSL's names; those of 1.3 are always all",
    default: [],
    defaultWords: "those that are thought safe today",
    restart: LISTENERS,
  }),
  publicUrl: row({
    shape: url,
    help: "the URL that clients reach larder by, where a proxy in front does not pass it on: tokens are asked for there",
    defaultWords: "where each client asks",
  }),
  locations: row({
    shape: oneOf(["relative", "absolute"]),
    help: "how Location is written: relative is right behind any proxy; absolute is for clients that take nothing else",
    default: "relative",
  }),
  headers: row({
    shape: headers,
    isFileOnly: true,
    help: "headers that every answer carries; they win over larder's own for browsers",
    default: [],
  }),
  "lists.catalog": row({
    shape: pageSize,
    help: "how many repositories a page of the catalog has at most",
    default: 10_000,
  }),
  "lists.bareNames": row({
    shape: boolean,
    help: "the catalog names larder's own repositories without local/, as other registries do",
    default: false,
  }),
  "lists.tags": row({
    shape: pageSize,
    help: "how many tags a page of a repository's tags has at most",
    default: 10_000,
  }),
  dns: row({
    flag: "--dns <address>",
    shape: listOf(address),
    help: "answer DNS for the registries stood in for, and forward the rest",
    default: [],
    restart: LISTENERS,
  }),
  dnsOpen: row({
    flag: "--dns-open",
    shape: boolean,
    help: "answer DNS to everyone, not only to private addresses and this machine's networks",
    default: false,
    restart: PERMISSION,
  }),
  standardPorts: row({
    flag: "--standard-ports",
    shape: boolean,
    help: "--http :80, --https :443 and --dns :53 at once: all that spoofed names need",
    default: false,
    restart: LISTENERS,
  }),
  web: row({
    flag: "--no-web",
    shape: boolean,
    help: "answer no page for browsers at /",
    default: true,
  }),
} as const;
