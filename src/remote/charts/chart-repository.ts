/**
 * Charts in repositories over HTTP: `index.yaml` and archives.
 *
 * Bounded: bytes, time, redirects. An archive has to have the digest that the index says. Credentials go to the
 * repository's own host alone.
 *
 * Source: Helm v3.18, "The Chart Repository Guide".
 */
import { createHash } from "node:crypto";
import { getCACertificates } from "node:tls";
import { VERSION } from "../../telemetry/version.ts";
import { basicHeader } from "../../upstream/auth/credentials.ts";
import { chooseVersion } from "./choose-version.ts";
import type { HelmRepository } from "./helm-repositories.ts";

const INDEX_BYTES = 64 * 1024 * 1024;
const ARCHIVE_BYTES = 32 * 1024 * 1024;
const REDIRECTS = 5;
const PATIENCE_MS = 60_000;

/** One entry of an index. */
type Entry = { readonly version: string; readonly urls: readonly string[]; readonly digest: string | null };

/** The chart repositories that one run asks; each index is fetched once. */
export class ChartRepositories {
  readonly #known: readonly HelmRepository[];
  readonly #indexes = new Map<string, Promise<ReadonlyMap<string, unknown>>>();

  /** `known` are those of Helm, whose credentials count here as well. */
  constructor(known: readonly HelmRepository[]) {
    this.#known = known;
  }

  /** A chart's archive. Throws an Error that says why there is none. */
  async fetch(repository: string, name: string, version: string | null, signal: AbortSignal): Promise<Uint8Array> {
    if (name === "") return this.#archive(new URL(repository), repository, null, signal);
    const base = repository.endsWith("/") ? repository : `${repository}/`;
    const index = await this.#index(base, signal);
    const entries = entriesOf(index.get(name));
    if (entries.length === 0) throw new Error(`the repository's index has no chart ${JSON.stringify(name)}`);
    const chosen = chooseVersion(
      entries.map((entry) => entry.version),
      version,
    );
    const entry = entries.find((candidate) => candidate.version === chosen);
    const url = entry?.urls[0];
    if (entry === undefined || url === undefined) {
      throw new Error(`the repository has no version of ${name} in ${JSON.stringify(version ?? "*")}`);
    }
    return this.#archive(new URL(url, withoutQuery(base)), base, entry.digest, signal);
  }

  #index(base: string, signal: AbortSignal): Promise<ReadonlyMap<string, unknown>> {
    const known = this.#indexes.get(base);
    if (known !== undefined) return known;
    const reading = this.#readIndex(base, signal);
    this.#indexes.set(base, reading);
    return reading;
  }

  async #readIndex(base: string, signal: AbortSignal): Promise<ReadonlyMap<string, unknown>> {
    const bytes = await this.#get(new URL("index.yaml", base), base, INDEX_BYTES, signal);
    let parsed: unknown;
    try {
      parsed = Bun.YAML.parse(new TextDecoder().decode(bytes));
    } catch (cause) {
      throw new Error("the repository's index is not valid YAML", { cause });
    }
    const entries = (parsed as { readonly entries?: unknown } | null)?.entries;
    if (typeof entries !== "object" || entries === null) throw new Error("the repository's index lists no charts");
    return new Map(Object.entries(entries));
  }

  async #archive(url: URL, base: string, digest: string | null, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.#get(url, base, ARCHIVE_BYTES, signal);
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (digest !== null && actual !== digest.replace(/^sha256:/, "").toLowerCase()) {
      throw new Error("the archive does not have the digest that the repository's index says");
    }
    return bytes;
  }

  async #get(first: URL, base: string, limitBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    let url = first;
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      if (url.protocol !== "https:" && url.protocol !== "http:") throw new Error(`${url.protocol} is not fetched`);
      const response = await fetch(plain(url), {
        ...this.#identity(url, base),
        redirect: "manual",
        signal: limited,
      });
      const location = response.headers.get("location");
      if (response.status >= 300 && response.status < 400 && location !== null) {
        await response.body?.cancel();
        url = new URL(location, plain(url));
        continue;
      }
      if (!response.ok) {
        await response.body?.cancel();
        throw new Error(`${plain(url)} answers ${response.status}`);
      }
      return readBounded(response, limitBytes, plain(url));
    }
    throw new Error(`${plain(first)} redirects more than ${REDIRECTS} times`);
  }

  /** Headers and trust for a request: who asks is told to the repository's own host alone. */
  #identity(url: URL, base: string) {
    const home = new URL(base);
    const repository = this.#known.find((one) => withSlash(one.url) === withSlash(base));
    const inUrl =
      home.username === "" ? null : basicHeader(decodeURIComponent(home.username), decodeURIComponent(home.password));
    const authorization = url.origin === home.origin ? (inUrl ?? repository?.authorization ?? null) : null;
    const headers: Record<string, string> = { "user-agent": `larder/${VERSION}`, "accept-encoding": "identity" };
    if (authorization !== null) headers["authorization"] = authorization;
    const ca = repository?.caPem;
    return ca ? { headers, tls: { ca: [...getCACertificates("default"), ca] } } : { headers };
  }
}

function entriesOf(list: unknown): Entry[] {
  if (!Array.isArray(list)) return [];
  return (list as unknown[]).flatMap((item): Entry[] => {
    const { version, urls, digest } = (item ?? {}) as Record<string, unknown>;
    if (typeof version !== "string" || !Array.isArray(urls)) return [];
    const texts = (urls as unknown[]).filter((url) => typeof url === "string");
    return [{ version, urls: texts, digest: typeof digest === "string" && digest !== "" ? digest : null }];
  });
}

async function readBounded(response: Response, limitBytes: number, what: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.byteLength;
    if (length > limitBytes) throw new Error(`${what} sent more than the ${limitBytes >> 20} MiB that larder takes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The URL without what is secret in it. */
function plain(url: URL): string {
  const shown = new URL(url);
  shown.username = "";
  shown.password = "";
  return shown.href;
}

function withoutQuery(base: string): URL {
  const url = new URL(base);
  url.search = "";
  return url;
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}
