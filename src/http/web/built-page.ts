import { bundlePage } from "./bundle-page.ts";
import { PAGE_ARCHIVE, unpackPage } from "./page-archive.ts";
import type { PageFile, PageFiles } from "./page-file.ts";

/** The page of this program: out of the binary that it is or, in a checkout, made from its source when it is first asked for. */
export class BuiltPage implements PageFiles {
  #files: Promise<ReadonlyMap<string, PageFile>> | null = null;

  async find(name: string): Promise<PageFile | null> {
    this.#files ??= loadPage();
    try {
      return (await this.#files).get(name) ?? null;
    } catch (error) {
      // The source may be mended meanwhile.
      this.#files = null;
      throw error;
    }
  }
}

async function loadPage(): Promise<ReadonlyMap<string, PageFile>> {
  const archive = Bun.embeddedFiles.find((file) => "name" in file && file.name === PAGE_ARCHIVE);
  const files = archive === undefined ? await bundlePage() : unpackPage(await archive.bytes());
  return new Map(files.map((file) => [file.name, file]));
}
