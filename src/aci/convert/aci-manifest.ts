/**
 * The manifest inside an ACI, made from an image's config.
 * Sources: appc/spec 0.8.11, spec/aci.md, "Image Manifest Schema"; docker2aci 0.17.2 for the annotations' names.
 */
import { digestOf } from "../../oci/digest.ts";
import { AciError } from "../aci-error.ts";
import { toAcName } from "../aci-name.ts";
import { aciPlatform } from "./aci-platform.ts";
import type { ImageConfig } from "./image-config.ts";

type NameValue = { readonly name: string; readonly value: string };
type MountPoint = { readonly name: string; readonly path: string };

/** An image that this one lies on top of. */
export type Dependency = {
  readonly imageName: string;
  /** `sha512-…` */
  readonly imageID: string;
  readonly labels: readonly NameValue[];
};

/** The manifest of an ACI. Source: appc/spec 0.8.11, spec/aci.md, "Image Manifest Schema". */
export type AciManifest = {
  readonly acKind: "ImageManifest";
  readonly acVersion: "0.8.11";
  readonly name: string;
  readonly labels: readonly NameValue[];
  readonly app?: App;
  readonly dependencies?: readonly Dependency[];
  readonly pathWhitelist?: readonly string[];
  readonly annotations?: readonly NameValue[];
};

type App = {
  readonly exec?: readonly string[];
  readonly user: string;
  readonly group: string;
  readonly workingDirectory?: string;
  readonly environment?: readonly NameValue[];
  readonly mountPoints?: readonly MountPoint[];
  readonly ports?: readonly Port[];
  readonly userLabels?: Readonly<Record<string, string>>;
};

/** Where an image came from, for the manifest's labels and annotations. */
export type AciOrigin = {
  /** The ACI's name, an ACIdentifier: what clients ask discovery for. */
  readonly name: string;
  /** The label `version`; null for an image that was named by a digest. */
  readonly version: string | null;
  /** As a person wrote it: `quay.io/coreos/flannel:0.5.5`. */
  readonly originalName: string;
  readonly registry: string;
  readonly repository: string;
  readonly manifestDigest: string | null;
};

/** The manifest of a whole image. Throws AciError for what an ACI cannot say. */
export function buildManifest(config: ImageConfig, configBytes: Uint8Array, origin: AciOrigin): AciManifest {
  return {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name: origin.name,
    labels: buildLabels(config, origin),
    app: buildApp(config),
    annotations: buildAnnotations(config, configBytes, origin),
  };
}

/** `arch`, `os` and, unless the image was named by a digest, `version`: sorted. */
export function buildLabels(config: ImageConfig, origin: AciOrigin): NameValue[] {
  const { os, arch } = aciPlatform(config);
  const version = origin.version === null ? [] : [{ name: "version", value: origin.version }];
  return [{ name: "arch", value: arch }, { name: "os", value: os }, ...version];
}

function buildApp({ config }: ImageConfig): App {
  const { User, Env, Entrypoint, Cmd, WorkingDir, Volumes, ExposedPorts, Labels } = config;
  const exec = [...Entrypoint, ...Cmd];
  const environment = buildEnvironment(Env);
  const mountPoints = buildMountPoints(Object.keys(Volumes));
  const ports = exposedPorts(Object.keys(ExposedPorts));
  return {
    ...(exec.length === 0 ? {} : { exec }),
    ...buildUser(User),
    // Docker takes a relative one from the root.
    ...(WorkingDir === "" ? {} : { workingDirectory: WorkingDir.startsWith("/") ? WorkingDir : `/${WorkingDir}` }),
    ...(environment.length === 0 ? {} : { environment }),
    ...(mountPoints.length === 0 ? {} : { mountPoints }),
    ...(ports.length === 0 ? {} : { ports }),
    ...(Object.keys(Labels).length === 0 ? {} : { userLabels: sortedRecord(Labels) }),
  };
}

/** A user without a group is in the group of the same name or number: `/etc/passwd` is not looked into. */
function buildUser(text: string): { user: string; group: string } {
  const [user = "", group = ""] = text.split(":", 2);
  return { user: user || "0", group: group || user || "0" };
}

function buildEnvironment(variables: readonly string[]): NameValue[] {
  const values = new Map<string, string>();
  for (const variable of variables) {
    const equals = variable.indexOf("=");
    const name = equals < 0 ? variable : variable.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z_0-9.-]*$/.test(name)) {
      throw new AciError(
        `the image sets the environment variable ${JSON.stringify(name.slice(0, 80))}, a name that an ACI cannot hold: letters, digits, "_", "." and "-" are allowed`,
      );
    }
    values.set(name, equals < 0 ? "" : variable.slice(equals + 1));
  }
  return Array.from(values, ([name, value]) => ({ name, value }));
}

function buildMountPoints(volumes: readonly string[]): MountPoint[] {
  const taken = new Set<string>();
  return volumes.toSorted(byBytes).map((path) => {
    const base = ["volume", toAcName(path)].filter((part) => part !== "").join("-");
    let name = base;
    for (let suffix = 1; taken.has(name); suffix++) name = `${base}-${suffix}`;
    taken.add(name);
    return { name, path: path.startsWith("/") ? path : `/${path}` };
  });
}

function buildAnnotations(config: ImageConfig, configBytes: Uint8Array, origin: AciOrigin): NameValue[] {
  const { Entrypoint, Cmd } = config.config;
  const all: readonly (readonly [string, string | null])[] = [
    ["created", isRfc3339(config.created ?? "") ? (config.created ?? null) : null],
    ["author", config.author || null],
    ["appc.io/docker/originalname", origin.originalName],
    ["appc.io/docker/registryurl", origin.registry],
    ["appc.io/docker/repository", origin.repository],
    ["appc.io/docker/imageid", digestOf(configBytes)],
    ["appc.io/docker/manifesthash", origin.manifestDigest],
    ["appc.io/docker/entrypoint", Entrypoint.length === 0 ? null : JSON.stringify(Entrypoint)],
    ["appc.io/docker/cmd", Cmd.length === 0 ? null : JSON.stringify(Cmd)],
  ];
  return all.flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

/** The validator refuses any other `created`; images without a time, or with an odd one, do without. */
function isRfc3339(text: string): boolean {
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
  return pattern.test(text) && !Number.isNaN(Date.parse(text));
}

function sortedRecord(record: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => byBytes(a, b)));
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A port of an ACI's app. */
type Port = {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly count: number;
  readonly socketActivated: false;
};

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z][a-z0-9]{0,15}))?$/i;

/**
 * The ports that an image exposes: `8080/tcp`, `53/udp`, `8000-8010`; tcp when they say nothing, ranges as single
 * ports, sorted, each once. Throws AciError for what is no port.
 */
function exposedPorts(texts: readonly string[]): Port[] {
  const ports = new Map<string, Port>();
  for (const text of texts) {
    const match = PORT.exec(text);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || first < 1 || last > 65535 || last < first) {
      throw new AciError(`the image exposes the port ${JSON.stringify(text.slice(0, 80))}, which is not one`);
    }
    const protocol = (match[3] ?? "tcp").toLowerCase();
    for (let port = first; port <= last; port++) {
      const name = `${port}-${protocol}`;
      ports.set(name, { name, protocol, port, count: 1, socketActivated: false });
    }
  }
  return ports
    .values()
    .toArray()
    .toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1));
}
