import { basename, extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { PAGE_PATH, type PageFile } from "./page-file.ts";

const SOURCE = join(import.meta.dir, "..", "..", "web");

/** Files that are asked for by a name that stays. */
const LASTING = new Set([".html"]);

/** As browsers need them, since they are told to guess nothing. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Makes the page's files from their source, in a checkout: the same bytes each time. Where larder is one file, they are in it
 * (`built-page.ts`). Takes some 0.2 s, in threads. Throws an Error with the bundler's words.
 */
export async function bundlePage(): Promise<readonly PageFile[]> {
  const built = await Bun.build({
    entrypoints: [join(SOURCE, "index.html")],
    target: "browser",
    minify: true,
    splitting: true,
    publicPath: PAGE_PATH,
    define: { "process.env.NODE_ENV": '"production"' },
    naming: { entry: "[name].[ext]", chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]" },
    throw: false,
  });
  if (!built.success) throw new Error(`the page could not be made: ${built.logs.map(String).join("\n")}`);
  return Promise.all(
    built.outputs.map(async (output) => makeFile(basename(output.path), new Uint8Array(await output.arrayBuffer()))),
  );
}

async function makeFile(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<PageFile> {
  const extension = extname(name);
  const contentType = TYPES[extension];
  if (contentType === undefined) throw new Error(`the page has a file of no known type: ${name}`);
  const [zipped, brotli] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.byteLength } }),
  ]);
  return {
    name,
    contentType,
    isImmutable: !LASTING.has(extension),
    tag: hashOf(bytes),
    forms: { identity: bytes, gzip: new Uint8Array(zipped), br: new Uint8Array(brotli) },
  };
}

function hashOf(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex").slice(0, 32);
}
