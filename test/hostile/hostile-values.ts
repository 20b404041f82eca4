/** Values that have broken servers before, by the place where they go. */

export const METHODS = [
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
export const TRICKS = [
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
export const QUERY_KEYS =
  "ns n last digest mount from artifactType _state service scope account client_id after order limit match force".split(
    " ",
  );
export const DIGESTS = [
  `sha256:${"0".repeat(64)}`,
  `sha512:${"f".repeat(128)}`,
  `md5:${"a".repeat(32)}`,
  `sha256:${"A".repeat(64)}`,
  "sha256:",
  "sha256:../../larder.db",
  `sha256:${"0".repeat(63)}`,
];
export const RANGES = [
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
export const TYPES = [
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
export const DOCUMENTS = [
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

function jwt(header: object, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}.c2ln`;
}
