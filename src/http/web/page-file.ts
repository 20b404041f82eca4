/** A file of the page, ready to be sent. */
export type PageFile = {
  /** Below the page's folder: `index.html`, `chunk-3fa9c1.js`. */
  readonly name: string;
  readonly contentType: string;
  /** Does its name change with its bytes? Then it may be kept for ever. */
  readonly isImmutable: boolean;
  /** A hash of the bytes, for its ETag. */
  readonly tag: string;
  /** The bytes as they are, and for those who take them compressed. */
  readonly forms: Readonly<Record<PageForm, Uint8Array<ArrayBuffer>>>;
};

/** How the bytes of a file may go over the wire: the values of Content-Encoding. */
export const PAGE_FORMS = ["identity", "gzip", "br"] as const;
export type PageForm = (typeof PAGE_FORMS)[number];

/** Where the page's files are. */
export interface PageFiles {
  /** The file of that name; null: there is none. Rejects when the page could not be made. */
  find(name: string): Promise<PageFile | null>;
}

/** The place below which the files of the page are, but for the page itself. */
export const PAGE_PATH = "/web/";
