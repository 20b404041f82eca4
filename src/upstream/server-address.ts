/**
 * Where a server answers, and how it calls repositories.
 *
 *     https://registry-1.docker.io         → https://registry-1.docker.io/v2/NAME/…
 *     https://proxy.example/hub            → https://proxy.example/hub/v2/NAME/…
 *     https://harbor.example/v2/docker-hub → https://harbor.example/v2/docker-hub/NAME/…
 */
export class ServerAddress {
  /** What stands before the names of repositories: ``, `docker-hub/`. */
  readonly repositoryPrefix: string;
  /** Up to and with `/v2`. */
  readonly #root: URL;
  readonly #namespaceQuery: string | null;

  /** `namespaceQuery` is the value of `ns=` in each URL, null: none. Throws a TypeError when `endpoint` is not valid. */
  constructor(endpoint: string, namespaceQuery: string | null) {
    const url = parseEndpoint(endpoint);
    const path = url.pathname.replace(/\/+$/, "");
    const [, root = `${path}/v2`, prefix] = /^(.*?\/v2)(?:\/(.+))?$/.exec(path) ?? [];
    url.pathname = root;
    this.#root = url;
    this.repositoryPrefix = prefix === undefined ? "" : `${prefix}/`;
    this.#namespaceQuery = namespaceQuery;
  }

  /** `https://registry-1.docker.io` */
  get origin(): string {
    return this.#root.origin;
  }

  /** `registry-1.docker.io`, with its port unless the scheme implies it. */
  get host(): string {
    return this.#root.host;
  }

  /** `/v2/`, where a server says whether it is a registry and whom it lets in. */
  rootUrl(): URL {
    return this.#below("/", {});
  }

  /** `path` is below `/v2` and what stands before all names: `/library/nginx/tags/list`, `/_catalog`. */
  url(path: string, query: Readonly<Record<string, string>> = {}): URL {
    const isCatalog = path === "/_catalog";
    return this.#below(isCatalog ? path : `/${this.repositoryPrefix}${path.slice(1)}`, query);
  }

  /** How others call a repository of this server's catalog; null when it is none of those that this address is for. */
  nameOf(catalogName: string): string | null {
    return catalogName.startsWith(this.repositoryPrefix) ? catalogName.slice(this.repositoryPrefix.length) : null;
  }

  #below(path: string, query: Readonly<Record<string, string>>): URL {
    const url = new URL(this.#root);
    url.pathname += path;
    const namespace = this.#namespaceQuery;
    for (const [name, value] of Object.entries(namespace === null ? query : { ...query, ns: namespace })) {
      url.searchParams.append(name, value);
    }
    return url;
  }
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.parse(endpoint);
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (url === null || !isWeb || url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    const shown = JSON.stringify(endpoint.replace(/\/\/[^/]*@/, "//…@"));
    throw new TypeError(
      `the endpoint ${shown} is not valid: it must be http(s)://HOST[:PORT][/PATH], without user, query and fragment`,
    );
  }
  return url;
}
