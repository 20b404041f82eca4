import { nameByDigest, splitName } from "./split-name.ts";

/** What is to be fetched, from where, and how it is named. */
export type PullWish = {
  /** The full name of what is shown. */
  readonly name: string;
  readonly digest: string;
  readonly kind: "image" | "chart" | "artifact";
  /** Where larder is, as the page's address has it: `larder.example:5000`. */
  readonly host: string;
  readonly isHttps: boolean;
  /** By the name that it has everywhere, on a node that has joined; or by larder's own address. */
  readonly way: "joined" | "address";
  readonly isPinned: boolean;
  /** The platform that somebody chose, `linux/arm64`; null: the machine's own. */
  readonly platform: string | null;
};

/** A client with the line to type. */
export type PullCommand = { readonly client: string; readonly command: string; readonly note: string | null };

/** Why there is no such way; null: there is one. */
export function whyNoWay({ name, way }: Pick<PullWish, "name" | "way">): string | null {
  const { namespace } = splitName(name);
  if (way === "joined" && namespace === "local")
    return "It was pushed under larder's own address, and has no other name.";
  if (way === "address" && namespace.includes(":")) {
    return `Clients take no name with a port in the middle: pull it from a node that has joined, where it is called ${namespace}/….`;
  }
  return null;
}

/** The lines that fetch it, for each client that can. None where `whyNoWay` says why. */
export function pullCommands(wish: PullWish): readonly PullCommand[] {
  if (whyNoWay(wish) !== null) return [];
  switch (wish.kind) {
    case "chart":
      return chartCommands(wish);
    case "artifact":
      return artifactCommands(wish);
    case "image":
      return imageCommands(wish);
    default:
      return wish.kind satisfies never;
  }
}

function imageCommands(wish: PullWish): readonly PullCommand[] {
  const { isHttps, way, platform } = wish;
  const at = addressOf(wish);
  const isPlain = way === "address" && !isHttps;
  const of = platform === null ? "" : ` --platform ${quote(platform)}`;
  const trust = way === "address" && isHttps ? "The machine has to trust larder's certificate: see Nodes." : null;
  const isLoopback = /^(?:localhost|127\.\d+\.\d+\.\d+)(?::|$)/.test(wish.host);
  const insecure =
    isPlain && !isLoopback
      ? `Docker takes plain http only from "insecure-registries" of /etc/docker/daemon.json: ["${wish.host}"].`
      : trust;
  return [
    line("podman", `podman pull${isPlain ? " --tls-verify=false" : ""}${of} ${at}`, trust),
    line("docker", `docker pull${of} ${at}`, insecure),
    line(
      "ctr",
      `sudo ctr images pull${isPlain ? " --plain-http" : ""}${way === "joined" ? " --hosts-dir /etc/containerd/certs.d" : ""}${of} ${at}`,
      "For Kubernetes' images: ctr --namespace k8s.io …",
    ),
    line("nerdctl", `sudo nerdctl pull${isPlain ? " --insecure-registry" : ""}${of} ${at}`, trust),
    line(
      "crictl",
      `sudo crictl pull ${at}`,
      isPlain ? "The runtime has to know that this address speaks plain http: see Nodes." : trust,
    ),
    line(
      "kubectl",
      `kubectl run ${podName(wish)} --image=${at} --restart=Never`,
      isPlain ? "The nodes' runtime has to know that this address speaks plain http: see Nodes." : null,
    ),
    line(
      "skopeo",
      `skopeo copy${isPlain ? " --src-tls-verify=false" : ""}${skopeoPlatform(platform)} docker://${at} oci-archive:${podName(wish)}.tar`,
      trust,
    ),
    line("crane", `crane pull${isPlain ? " --insecure" : ""}${of} ${at} ${podName(wish)}.tar`, trust),
    ...rktCommands(wish),
  ];
}

function chartCommands(wish: PullWish): readonly PullCommand[] {
  const { isHttps, way } = wish;
  const { tag } = splitName(wish.name);
  const at = addressOf({ ...wish, isPinned: tag === null || wish.isPinned });
  const isPlain = way === "address" && !isHttps;
  const plain = isPlain ? " --plain-http" : "";
  const isByTag = tag !== null && !wish.isPinned;
  // Helm writes a + of a version as an underscore, which tags may hold.
  const version = isByTag ? ` --version ${quote((tag ?? "").replaceAll("_", "+"))}` : "";
  const chart = isByTag ? at.slice(0, at.lastIndexOf(":")) : at;
  return [
    line("helm pull", `helm pull${plain} oci://${chart}${version}`, null),
    line("helm install", `helm install${plain} ${podName(wish)} oci://${chart}${version}`, null),
    ...artifactCommands(wish),
  ];
}

function artifactCommands(wish: PullWish): readonly PullCommand[] {
  const isPlain = wish.way === "address" && !wish.isHttps;
  const at = addressOf(wish);
  return [
    line("oras", `oras pull${isPlain ? " --plain-http" : ""} ${at}`, null),
    line(
      "skopeo",
      `skopeo copy${isPlain ? " --src-tls-verify=false" : ""} docker://${at} oci-archive:${podName(wish)}.tar`,
      null,
    ),
    line("crane", `crane manifest${isPlain ? " --insecure" : ""} ${at}`, null),
  ];
}

/** rkt takes files by their address, whatever is called how. */
function rktCommands({ name, host, isHttps }: PullWish): readonly PullCommand[] {
  const { namespace, path, tag } = splitName(name);
  if (tag === null) return [];
  const origin = `${isHttps ? "https" : "http"}://${host}`;
  const key = `Once, to trust its signature: rkt trust --prefix ${namespace === "local" ? "PREFIX" : namespace} ${origin}/aci/pubkeys.gpg`;
  return [line("rkt", `sudo rkt fetch ${quote(`${origin}/aci/${namespace}/${path}:${tag}.aci`)}`, key)];
}

function addressOf({ name, digest, host, way, isPinned }: PullWish): string {
  const { namespace, path, tag } = splitName(isPinned ? nameByDigest(name, digest) : name);
  const reference = tag === null ? `@${digest}` : `:${tag}`;
  const repository = way === "joined" ? `${namespace}/${path}` : namespace === "local" ? path : `${namespace}/${path}`;
  return quote(`${way === "joined" ? "" : `${host}/`}${repository}${reference}`);
}

/** A name that Kubernetes and files take. */
function podName({ name }: PullWish): string {
  const last = splitName(name).path.split("/").at(-1) ?? "";
  const cleaned = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50);
  return cleaned.replace(/-+$/, "") || "image";
}

function skopeoPlatform(platform: string | null): string {
  if (platform === null) return "";
  const [os = "", architecture = "", variant] = platform.replace(/\(.*\)/, "").split("/");
  const of = variant === undefined ? "" : ` --override-variant ${quote(variant)}`;
  return ` --override-os ${quote(os)} --override-arch ${quote(architecture)}${of}`;
}

function line(client: string, command: string, note: string | null): PullCommand {
  return { client, command, note };
}

/** Names of images need no quotes; what a stranger called a platform may. */
function quote(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text) && !text.includes("[") ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
