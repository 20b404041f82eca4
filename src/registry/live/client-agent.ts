/** A program that pulls or pushes, as its User-Agent names it. */
export type ClientAgent = {
  /** `containerd`, `cri-o`, `docker`, `podman`, `skopeo`, …: lower case, as the field calls it. */
  readonly runtime: string;
  /** Without a `v` in front; null: it does not say. */
  readonly version: string | null;
};

/** More of a header is not looked at. */
const LONGEST = 256;

/** A product and its version: RFC 9110, section 10.1.5. Others write more, larder keeps what is short and plain. */
const PRODUCT = /^([A-Za-z][A-Za-z0-9._+-]{0,31})(?:\/v?([A-Za-z0-9][A-Za-z0-9._+~-]{0,39}))?(?=$|[\s;,(/])/;

/** What they call themselves → what people call them. containers/image is what podman and buildah pull with. */
const NAMES: Readonly<Record<string, string>> = {
  containers: "podman",
  libpod: "podman",
  "docker-client": "docker",
  "containerd-client": "containerd",
  "go-http-client": "go",
  buildkitd: "buildkit",
};

/**
 * What a User-Agent says of the program that sent it; null when it names none. Whoever sends it may say anything: nothing but a
 * short word and a short version comes out.
 */
export function parseClientAgent(userAgent: string | null): ClientAgent | null {
  const text = userAgent?.slice(0, LONGEST).trim() ?? "";
  // regclient/regctl (v0.8.2)
  const regclient = /^regclient\/(reg[a-z]{1,10}) \(v?([\w.+-]{1,40})/.exec(text);
  if (regclient !== null) return { runtime: regclient[1] ?? "regclient", version: regclient[2] ?? null };
  const [, product = null, version = null] = PRODUCT.exec(text) ?? [];
  if (product === null) return null;
  const name = product.toLowerCase();
  return { runtime: Object.hasOwn(NAMES, name) ? (NAMES[name] ?? name) : name, version };
}
