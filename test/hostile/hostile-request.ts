/** Requests of every kind that nobody sends who means well: bytes for the wire, made at random. */
import fc from "fast-check";
import { AUTHORIZATIONS, DIGESTS, DOCUMENTS, METHODS, QUERY_KEYS, RANGES, TRICKS, TYPES } from "./hostile-values.ts";

/** A request as it is written to the connection: nothing in it is put right. */
export type HostileRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly string[];
  /** One character a byte. */
  readonly body: string;
};

/** What is there, so that requests come close to it. */
export type Surroundings = {
  readonly repositories: readonly string[];
  readonly references: readonly string[];
};

const trick = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TRICKS) },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{0,12}$/) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: "binary", maxLength: 6 }).map((text) => encodeURIComponent(text.toWellFormed())),
  },
);

function pathOf({ repositories, references }: Surroundings): fc.Arbitrary<string> {
  const name = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...repositories) },
    { weight: 2, arbitrary: fc.array(trick, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...repositories), trick).map((parts) => parts.join("")) },
  );
  const reference = fc.oneof(fc.constantFrom(...references, ...DIGESTS), trick);
  const distribution = fc
    .tuple(fc.constantFrom("manifests", "blobs", "blobs/uploads", "referrers", "tags"), name, reference)
    .map(([kind, where, what]) => `/v2/${where}/${kind}/${kind === "tags" ? "list" : what}`);
  const image = fc.tuple(name, fc.constantFrom(":", "@", "%3A", "%40", ""), reference).map((parts) => parts.join(""));
  const admin = fc.constantFrom(
    "images",
    "signatures",
    "pins",
    "untagged",
    "retentions",
    "collections",
    "backups",
    "users",
    "tokens",
    "audit",
    "session",
    "sessions",
    "checks",
    "inspect",
    "fetches",
    "verifications",
    "adoptions",
    "rules",
    "settings/offline",
    "health",
    "stats",
    "version",
  );
  return fc.oneof(
    { weight: 6, arbitrary: distribution },
    { weight: 3, arbitrary: fc.tuple(admin, image).map(([where, what]) => `/api/v1/${where}/${what}`) },
    { weight: 1, arbitrary: admin.map((where) => `/api/v1/${where}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        "/v2/",
        "/v2",
        "/v2/_catalog",
        "/token",
        "/metrics",
        "/healthz",
        "/readyz",
        "/",
        "/clients/",
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("/aci/", "/clients/", "/"), image).map((parts) => parts.join("")),
    },
    { weight: 1, arbitrary: fc.array(trick, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`) },
  );
}

function queryOf({ repositories, references }: Surroundings): fc.Arbitrary<string> {
  const value = fc.oneof(trick, fc.constantFrom(...repositories, ...references, ...DIGESTS, "docker.io", "1", "true"));
  const one = fc
    .tuple(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...QUERY_KEYS) }, trick), value)
    .map((pair) => pair.join("="));
  return fc.oneof(
    fc.constant(""),
    fc.array(one, { minLength: 1, maxLength: 4 }).map((all) => `?${all.join("&")}`),
  );
}

const headerValue = fc.oneof(
  trick,
  fc.constantFrom(...RANGES, ...TYPES),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 30 }),
);
const header = fc.oneof(
  fc.constantFrom(...RANGES).map((value) => `Range: ${value}`),
  fc.constantFrom(...RANGES).map((value) => `Content-Range: ${value}`),
  fc.constantFrom(...TYPES).map((value) => `Content-Type: ${value}`),
  fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 3 }).map((values) => `Accept: ${values.join(", ")}`),
  fc.constantFrom(...AUTHORIZATIONS).map((value) => `Authorization: ${value}`),
  fc
    .tuple(
      fc.constantFrom(
        "If-None-Match",
        "If-Match",
        "If-Range",
        "If-Modified-Since",
        "Accept-Encoding",
        "Content-Encoding",
        "Cookie",
        "Origin",
        "Referer",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "Forwarded",
        "X-Request-ID",
        "traceparent",
        "User-Agent",
        "Expect",
        "OCI-Subject",
        "Docker-Content-Digest",
        "Upgrade",
        "Connection",
        "Trailer",
        "TE",
        "Via",
        "X-Original-URL",
        "X-HTTP-Method-Override",
      ),
      headerValue,
    )
    .map((pair) => pair.join(": ")),
);

/** Any request at all, of HTTP that the server's parser takes for a whole one. */
export function hostileRequest(surroundings: Surroundings): fc.Arbitrary<HostileRequest> {
  return fc.record({
    method: fc.constantFrom(...METHODS),
    target: fc.tuple(pathOf(surroundings), queryOf(surroundings)).map((parts) => withoutBreaks(parts.join(""))),
    headers: fc.array(header.map(withoutControls), { maxLength: 5 }),
    body: fc.oneof(
      { weight: 2, arbitrary: fc.constant("") },
      { weight: 3, arbitrary: fc.constantFrom(...DOCUMENTS) },
      { weight: 1, arbitrary: fc.json({ maxDepth: 4 }).map((text) => Buffer.from(text).toString("latin1")) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString("latin1")) },
    ),
  });
}

/** The request as bytes; its connection ends behind the answer. */
export function wireOf({ method, target, headers, body }: HostileRequest, host: string): Buffer {
  const lines = [
    `${method} ${target} HTTP/1.1`,
    `Host: ${host}`,
    ...headers,
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

/** A blank or a line's end would make another request of it; `test/hostile/framing.test.ts` is about that. */
function withoutBreaks(text: string): string {
  return text.replaceAll(/[^!-\xff]/g, "");
}

function withoutControls(text: string): string {
  return text.replaceAll(/[^ -~\x80-\xff]/g, "");
}
