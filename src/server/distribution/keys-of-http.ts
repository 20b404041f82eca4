import { formatDuration } from "../../lib/text/duration.ts";
import { type DistributionKey, honoured, itself, refused, setting } from "./key.ts";

/** `http`: where it listens, and how it answers. */
export const HTTP_KEYS: readonly DistributionKey[] = [
  honoured("http.addr", "text", "`http`, with a certificate `https`"),
  refused(
    "http.net",
    { words: ["", "tcp", "unix"] },
    "larder listens on TCP alone, not on a unix socket; give http.addr a loopback address such as 127.0.0.1:5000",
    { asks: (net) => net === "unix" },
  ),
  honoured("http.host", "text", "`publicUrl`"),
  refused("http.prefix", "text", "larder answers at /v2/ alone; let the proxy in front of it take the prefix away", {
    asks: (prefix) => prefix !== "" && prefix !== "/",
  }),
  itself("http.secret", "text", "an upload's state is kept in the database, and needs no signature"),
  honoured("http.relativeurls", "switch", "`locations`"),
  setting("http.draintimeout", "duration", "shutdown", (ms) => formatDuration(Number(ms))),
  honoured("http.tls.certificate", "text", "`tls.cert`: HTTPS, and no plain HTTP"),
  honoured("http.tls.key", "text", "`tls.key`"),
  honoured("http.tls.clientcas", "texts", "`auth.clientCa`; one file, which may hold several authorities"),
  honoured(
    "http.tls.clientauth",
    {
      words: [
        "",
        "request-client-cert",
        "require-any-client-cert",
        "verify-client-cert-if-given",
        "require-and-verify-client-cert",
      ],
    },
    "`auth.clientRequired`; certificates are always verified, so the two modes that do not are refused",
    { only: 3 },
  ),
  honoured(
    "http.tls.minimumtls",
    { words: ["", "tls1.0", "tls1.1", "tls1.2", "tls1.3"] },
    "`tlsMinimum`; tls1.0 and tls1.1 are refused: larder speaks 1.2 and 1.3",
  ),
  honoured("http.tls.ciphersuites", "texts", "`tlsCiphers`; suites that are thought weak are refused"),
  refused(
    "http.tls.letsencrypt",
    "anything",
    "larder fetches no certificate from Let's Encrypt; get one with certbot or a proxy in front, and name its files in http.tls.certificate and http.tls.key: they are read again when they change",
  ),
  honoured("http.headers.*", "texts", "`headers`"),
  honoured("http.debug.addr", "text", "`debug`: metrics and health, without pprof"),
  itself("http.debug.prometheus.enabled", "switch", "`/metrics` is there in any case, at `debug` to everybody"),
  refused("http.debug.prometheus.path", "text", "it is `/metrics`", {
    asks: (path) => path !== "" && path !== "/metrics",
  }),
  itself("http.http2.disabled", "switch", "larder speaks HTTP/1.1"),
  refused("http.h2c.enabled", "switch", "larder speaks HTTP/1.1; tell the proxy in front of it", { only: 3 }),
];
