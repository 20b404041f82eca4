import { aciNameAt, isIdentifier, toIdentifier } from "../../aci/aci-name.ts";
import { findAci } from "../../aci/aci-path.ts";
import { LOCAL, looksLikeHost, type Namespace, tryParseNamespace } from "../../oci/repository-name.ts";
import { parseTag, type Tag } from "../../oci/tag.ts";
import { type Repository, repositoryOf } from "../../oci/repository.ts";
import type { HeldImage, HeldImages } from "../../registry/images/held-images.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import { type Asked, type ServedHosts, locate, namespaceOf } from "../../registry/names/locate.ts";

/** The image that a name below `/aci/` means, and what the ACI made of it says of itself. */
export type NamedAci = {
  readonly repository: Repository;
  readonly tag: Tag;
  /** The ACI's name and its label `version`: clients that went by discovery refuse others than they asked for. */
  readonly name: string;
  readonly version: string;
  /** The registry that it is of, for people: `local` is the host that was asked. */
  readonly registry: string;
};

/** Images whose names are alike and are looked at for one request. */
const LOOK_ALIKES = { repositories: 200, tags: 50_000 };

/** Finds the image that a name below `/aci/` means. */
export class AciNames {
  readonly #hosts: ServedHosts;
  readonly #held: HeldImages;
  readonly #ownNames: () => readonly [string, ...string[]];

  /**
   * `ownNames` are larder's, without ports, which no ACI's name has. The first one is for clients that call it by a
   * name that it does not know.
   */
  constructor(hosts: ServedHosts, held: HeldImages, ownNames: () => readonly [string, ...string[]]) {
    this.#hosts = hosts;
    this.#held = held;
    this.#ownNames = ownNames;
  }

  /** The image that is here under `stem` in one of its spellings; null when none is. `host` is the `Host` header. */
  async findHere(stem: string, host: string | null, mayPull?: MayPull): Promise<NamedAci | null> {
    const { asked, isFull, ownHost } = this.#read(stem, host);
    const found = findAci(`${asked}.aci`, await this.#alike(asked, isFull, host, mayPull), ownHost);
    if (found === null || found.kind === "pubkeys") return null;
    const repository = repositoryOf(found.repository);
    const tag = parseTag(found.tag);
    const { name, version } = splitVersion(asked);
    const registry = registryOf(repository, ownHost);
    const saysItself = isFull && version !== null && isIdentifier(name);
    const naming = saysItself ? { name, version } : { name: aciNameAt(registry, repository.path), version: tag };
    return { repository, tag, registry, ...naming };
  }

  /**
   * The image that `stem` names in full, be it here or not: `HOST/PATH:VERSION`, or `PATH:VERSION` at the host that was
   * asked. Null when it is no such name, or of a host that larder neither is nor stands in for. Throws NAME_INVALID.
   */
  nameUnseen(stem: string, host: string | null): NamedAci | null {
    const { asked, isFull, ownHost, rest } = this.#read(stem, host);
    const { name, version } = splitVersion(rest);
    if (!isFull && version === null) return null;
    const isOwn = asked === `${ownHost}/${rest}`;
    const repository = locate(name, { ns: null, prefix: null, host: isOwn ? null : host }, this.#hosts);
    const { namespace, path } = repository;
    if (namespace !== LOCAL && !this.#hosts.standsInFor(namespace)) return null;
    const registry = registryOf(repository, ownHost);
    const full = splitVersion(asked).name;
    const tag = parseTag(version ?? "latest");
    return {
      repository,
      tag,
      registry,
      name: isFull && isIdentifier(full) ? full : aciNameAt(registry, path),
      version: tag,
    };
  }

  /** The host that ACIs of what was pushed here are named after, seen by a client that sent this `Host`. */
  ownHost(host: string | null): string {
    const namespace = host === null ? null : tryParseNamespace(host);
    return namespace !== null && this.#isOwn(namespace) ? withoutPort(namespace) : this.#ownNames()[0];
  }

  /** The host that discovery was asked about, without its port; null when larder neither is it nor stands in for it. */
  discoverableHost(host: string | null): string | null {
    const namespace = host === null ? null : tryParseNamespace(host);
    if (host === null || namespace === null) return null;
    const isKnown = this.#isOwn(namespace) || this.#standIn(host) !== null;
    return isKnown ? withoutPort(host.toLowerCase()) : null;
  }

  /** `asked` is the stem, its own host without a port; `rest` what is behind larder's own host, if that stands first. */
  #read(stem: string, host: string | null) {
    const slash = stem.indexOf("/");
    const first = slash < 0 ? "" : stem.slice(0, slash);
    const namespace = looksLikeHost(first) ? tryParseNamespace(first) : null;
    if (namespace === null || !this.#isOwn(namespace)) {
      return { asked: stem, rest: stem, isFull: namespace !== null, ownHost: this.ownHost(host) };
    }
    const rest = stem.slice(slash + 1);
    const ownHost = withoutPort(first);
    return { asked: `${ownHost}/${rest}`, rest, isFull: true, ownHost };
  }

  /** At a host that larder stands in for, a short name means an image of that registry. */
  #alike(asked: string, isFull: boolean, host: string | null, mayPull: MayPull): Promise<readonly HeldImage[]> {
    const standIn = isFull || host === null ? null : this.#standIn(host);
    return this.#held.find((name) => {
      const { namespace, path } = repositoryOf(name);
      if (standIn !== null && namespace !== standIn && namespace !== LOCAL) return false;
      const last = path.slice(path.lastIndexOf("/") + 1);
      const isAlike = asked.includes(last) || asked.includes(toIdentifier(last));
      return isAlike && (mayPull === undefined || mayPull({ namespace, path }));
    }, LOOK_ALIKES);
  }

  #isOwn(namespace: Namespace): boolean {
    if (this.#hosts.isOwn(namespace)) return true;
    return !this.#hosts.standsInFor(namespace) && this.#ownNames().includes(withoutPort(namespace));
  }

  #standIn(host: string): Namespace | null {
    const asked: Asked = { ns: null, prefix: null, host };
    return namespaceOf(asked, this.#hosts);
  }
}

function registryOf({ namespace }: Repository, ownHost: string): string {
  return namespace === LOCAL ? ownHost : namespace;
}

function splitVersion(asked: string): { readonly name: string; readonly version: string | null } {
  const colon = asked.indexOf(":", asked.lastIndexOf("/"));
  return colon < 0 ? { name: asked, version: null } : { name: asked.slice(0, colon), version: asked.slice(colon + 1) };
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, "");
}
