/** Requests of every kind that nobody sends who means well: bytes for the wire, made at random. */
import fc from "fast-check";

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

const METHODS = [
  "GET",
  "HEAD",
  "PUT",
  "POST",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "CONNECT",
  "PROPFIND",
  "QUERY",
  "x",
];
/** Pieces of paths, queries and values that have broken servers before. */
const TRICKS = [
  ..."/ // . .. ... ../../../../etc/passwd ..%2f..%2fetc%2fpasswd %2e%2e %252e%252e%252f %00 %0d%0aX-Injected:%201".split(
    " ",
  ),
  ..."% %zz %u0041 %c0%ae%c0%ae %ff%fe %e2%80%ae %F0%9F%92%A9 \\ ..\\.. ; ;a=b , * ** ? # | ` $(id) ${x} {{7*7}} ' \" < > ~".split(
    " ",
  ),
  ..."__proto__ constructor prototype toString hasOwnProperty null undefined NaN -1 0 1e309 9007199254740993 99999999999999999999".split(
    " ",
  ),
  ..."\xc3\xbc \xe2\x84\xaa \xef\xbc\x8e\xef\xbc\x8e \xff \x7f a:b:c localhost 127.0.0.1 169.254.169.254 [::1] [:: http://x/ file:///etc/passwd".split(
    " ",
  ),
  ..."uploads blobs manifests tags list referrers _catalog v2 token metrics healthz api aci clients library UPPER a--b a__b -a a-".split(
    " ",
  ),
  "a".repeat(256),
  "a/".repeat(200),
  "%41".repeat(300),
];
const trick = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...TRICKS) },
  { weight: 1, arbitrary: fc.stringMatching(/^[!-~]{0,12}$/) },
  {
    weight: 1,
    arbitrary: fc.string({ unit: "binary", maxLength: 6 }).map((text) => encodeURIComponent(text.toWellFormed())),
  },
);
const QUERY_KEYS =
  "ns n last digest mount from artifactType _state service scope account client_id after order limit match force".split(
    " ",
  );

const DIGESTS = [
  `sha256:${"0".repeat(64)}`,
  `sha512:${"f".repeat(128)}`,
  `md5:${"a".repeat(32)}`,
  `sha256:${"A".repeat(64)}`,
  "sha256:",
  "sha256:../../larder.db",
  `sha256:${"0".repeat(63)}`,
];

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

const RANGES = [
  "bytes=0-",
  "bytes=-1",
  "bytes=-0",
  "bytes=5-4",
  "bytes=0-99999999999999999999",
  "bytes=a-b",
  "bytes=",
  "bytes",
  "bytes=0-0,1-1,2-2",
  `bytes=${"0-0,".repeat(500)}0-0`,
  "0-5",
  "5-0",
  "-5",
  "0-18446744073709551616",
  "bytes 0-5/6",
  "chunks=1-2",
];
const TYPES = [
  "application/json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
  "application/octet-stream",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "text/html",
  "*/*;q=2",
  "a",
  `application/${"x".repeat(4000)}`,
  ";;;",
  "application/json; charset=utf-7",
];

/** Credentials that are nobody's. */
export const AUTHORIZATIONS = [
  "Basic",
  "Basic ",
  "Basic Og==",
  "Basic !!!",
  "Basic YWRtaW46YWRtaW4=",
  "Basic AAAA",
  `Basic ${"QUFB".repeat(3000)}`,
  "Basic //79Ov/+",
  "Bearer",
  "Bearer x",
  "Bearer ..",
  "Bearer null",
  `Bearer ${"a".repeat(20_000)}`,
  "Bearer a b",
  "Negotiate abc",
  "Digest username=x",
  `Bearer ${jwt({ alg: "none" }, { sub: "admin", exp: 9e9 })}`,
  `Bearer ${jwt({ alg: "HS256" }, { iss: "larder", sub: "admin", exp: 9e9, access: [{ type: "repository", name: "*", actions: ["*"] }] })}`,
  `Bearer ${jwt({ alg: "RS256", kid: "../../etc/passwd", jku: "http://169.254.169.254/" }, { iss: "http://169.254.169.254/" })}`,
  `Bearer ${jwt({ alg: "ES256", crit: ["x"], b64: false }, {})}`,
  "larder_pat_0000",
  "Bearer larder_0000000000000000000000000000000000000000",
  "Basic YTpsYXJkZXJfMDAwMDAw",
];

function jwt(header: object, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}.c2ln`;
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

const DOCUMENTS = [
  "",
  "{}",
  "[]",
  "null",
  "1",
  '"x"',
  "{",
  "\xff\xfe",
  "\xef\xbb\xbf{}",
  "[".repeat(100_000),
  `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  '{"schemaVersion":2,"schemaVersion":1}',
  '{"schemaVersion":2,"mediaType":{},"config":[],"layers":{}}',
  '{"__proto__":{"a":1},"schemaVersion":2}',
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"x","digest":"sha256:x","size":-1},"layers":[]}',
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[null,1,"x",[],{"digest":1e999}]}',
  '{"offline":true}',
  '{"offline":"yes"}',
  '{"images":["a"]}',
  '{"image":"../../x"}',
  '{"name":"../x","password":"y"}',
  '{"name":"admin","password":"password"}',
  "grant_type=password&username=a&password=b&scope=repository:x:*",
  "grant_type=refresh_token&refresh_token=x",
  "grant_type=%00&scope=%ff",
  "a=b&".repeat(20_000),
];

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
  return text.replaceAll(/[\0-\x20]/g, "");
}

function withoutControls(text: string): string {
  return text.replaceAll(/[\0-\x1f\x7f]/g, "");
}
