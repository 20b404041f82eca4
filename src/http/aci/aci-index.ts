import { PUBLIC_KEYS_FILE } from "../../aci/discovery-page.ts";
import { LOCAL, type RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { HeldImages } from "../../registry/images/held-images.ts";
import type { AciFiles } from "./aci-files.ts";
import type { AciNames } from "./aci-names.ts";

/** Lines of images; more are not read by anybody. */
const LINES = 2000;
const REPOSITORIES = 500;

/** Writes the list of images and files at `/aci/`. */
export class AciIndex {
  readonly #held: HeldImages;
  readonly #files: AciFiles | null;
  readonly #names: AciNames;

  constructor(held: HeldImages, files: AciFiles | null, names: AciNames) {
    this.#held = held;
    this.#files = files;
    this.#names = names;
  }

  /** The list as text, every line a URL below `origin`; `host` is the `Host` header. Of images that may be pulled. */
  async render(origin: string, host: string | null, mayPull: MayPull): Promise<string> {
    const ownHost = this.#names.ownHost(host);
    const isSeen = async (name: RepositoryName) => (await mayPull?.(repositoryOf(name))) !== false;
    const images = (
      await this.#held.find(mayPull === undefined ? () => true : isSeen, {
        repositories: REPOSITORIES,
        tags: LINES + 1,
      })
    ).flatMap(({ repository, tags }) => {
      const { namespace, path } = repositoryOf(repository);
      return tags.map((tag) => `${namespace === LOCAL ? ownHost : namespace}/${path}:${tag}.aci`);
    });
    const files = (await this.#files?.list()) ?? [];
    const urlOf = (name: string) => `  ${origin}/aci/${name.split("/").map(encodeName).join("/")}\n`;
    return `App Container images. Each .aci is made at its first request, and its signature is beside it, as .aci.asc.

  rkt trust --prefix ${ownHost} ${origin}/aci/${PUBLIC_KEYS_FILE}

Images, with ?os=OS&arch=ARCH for another platform than linux/amd64:

${images.slice(0, LINES).map(urlOf).join("") || "  none\n"}${images.length > LINES ? "  and more\n" : ""}
Files:

${files.map(urlOf).join("") || "  none\n"}`;
  }
}

/** A colon is plain in a path, and people type it. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll("%3A", ":");
}
