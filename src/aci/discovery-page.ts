/**
 * The page that tells clients where ACIs and keys are, in answer to `GET https://NAME?ac-discovery=1`.
 * Source: appc/spec 0.8.11, spec/discovery.md, "Meta Discovery".
 */

/** The file below `/aci/` that holds the public keys. */
export const PUBLIC_KEYS_FILE = "pubkeys.gpg";

/**
 * The page for all names below `prefix` (a host, without a port). `baseUrl` is where `/aci/` is served, without a slash
 * at its end; it may have a port and need not be the prefix's host.
 */
export function renderDiscoveryPage(prefix: string, baseUrl: string): string {
  const template = `${baseUrl}/aci/{name}:{version}.{ext}?os={os}&arch={arch}`;
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="ac-discovery" content="${escape(`${prefix} ${template}`)}">
<meta name="ac-discovery-pubkeys" content="${escape(`${prefix} ${baseUrl}/aci/${PUBLIC_KEYS_FILE}`)}">
<title>${escape(prefix)}: App Container images</title>
</head>
<body>App Container images: see https://github.com/appc/spec/blob/master/spec/discovery.md</body>
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
