/**
 * The page in one file, as it lies within larder's binary: a line of JSON that describes its files, and their bytes behind it,
 * in that order, each in all of its forms.
 *
 * ```
 * [{"name":"index.html","contentType":…,"isImmutable":…,"tag":…,"sizes":{"identity":…,"gzip":…,"br":…}},…] \n bytes…
 * ```
 */
import { PAGE_FORMS, type PageFile } from "./page-file.ts";

/** The archive's name among the files of a binary. */
export const PAGE_ARCHIVE = "page.bin";

type Entry = Omit<PageFile, "forms"> & { readonly sizes: Readonly<Record<keyof PageFile["forms"], number>> };

/** Packs files; the same ones give the same bytes. */
export function packPage(files: readonly PageFile[]): Uint8Array<ArrayBuffer> {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map(({ forms, ...rest }): Entry => {
    const { identity, gzip, br } = forms;
    return { ...rest, sizes: { identity: identity.length, gzip: gzip.length, br: br.length } };
  });
  const parts = sorted.flatMap(({ forms }) => PAGE_FORMS.map((form) => forms[form]));
  return new Uint8Array(Buffer.concat([Buffer.from(`${JSON.stringify(entries)}\n`), ...parts]));
}

/** The files of an archive of `packPage`; their bytes are views of it. */
export function unpackPage(archive: Uint8Array<ArrayBuffer>): readonly PageFile[] {
  const end = archive.indexOf(0x0a);
  const entries = JSON.parse(Buffer.from(archive.subarray(0, end)).toString()) as readonly Entry[];
  let at = end + 1;
  const next = (size: number) => archive.subarray(at, (at += size));
  return entries.map(({ sizes, ...rest }) => ({
    ...rest,
    forms: { identity: next(sizes.identity), gzip: next(sizes.gzip), br: next(sizes.br) },
  }));
}
