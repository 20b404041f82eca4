import { readLockedPackage } from "../lock-file.ts";
import type { Component } from "./component.ts";
import { describePackage } from "./npm-components.ts";

/** The runtime, which is in each file whole. */
export function describeRuntime(): Component {
  const bun = describePackage(readLockedPackage("bun"));
  return { ...bun, copyright: "Copyright (c) Oven-sh", home: "https://bun.com" };
}

/** What the runtime was linked with, by name: its own package does not say, its project does. */
export function describeRuntimeParts(): readonly Component[] {
  return PARTS.map(({ name, licence, home, copyright, versionKey }) => ({
    name,
    version: process.versions[versionKey ?? name] ?? null,
    licence,
    copyright: copyright ?? null,
    home,
    npm: null,
    notices: [],
  }));
}

type Part = {
  readonly name: string;
  readonly licence: string;
  readonly home: string;
  readonly copyright?: string;
  /** What `process.versions` calls it, where that is something else. */
  readonly versionKey?: string;
};

const PARTS: readonly Part[] = [
  {
    name: "boringssl",
    licence: "Apache-2.0 AND BSD-3-Clause AND ISC AND MIT AND OpenSSL",
    home: "https://boringssl.googlesource.com/boringssl",
  },
  { name: "brotli", licence: "MIT", home: "https://github.com/google/brotli", copyright: "The Brotli Authors" },
  { name: "c-ares", licence: "MIT", home: "https://github.com/c-ares/c-ares", versionKey: "ares" },
  { name: "highway", licence: "Apache-2.0", home: "https://github.com/google/highway" },
  { name: "icu", licence: "Unicode-3.0", home: "https://github.com/unicode-org/icu", copyright: "Unicode, Inc." },
  { name: "libarchive", licence: "BSD-2-Clause AND BSD-3-Clause", home: "https://github.com/libarchive/libarchive" },
  { name: "libbase64", licence: "BSD-2-Clause", home: "https://github.com/aklomp/base64" },
  { name: "libc++abi", licence: "Apache-2.0 WITH LLVM-exception", home: "https://github.com/llvm/llvm-project" },
  { name: "libdeflate", licence: "MIT", home: "https://github.com/ebiggers/libdeflate", copyright: "Eric Biggers" },
  {
    name: "libjpeg-turbo",
    licence: "BSD-3-Clause AND IJG AND Zlib",
    home: "https://github.com/libjpeg-turbo/libjpeg-turbo",
  },
  { name: "libspng", licence: "BSD-2-Clause", home: "https://github.com/randy408/libspng" },
  {
    name: "libwebp",
    licence: "BSD-3-Clause",
    home: "https://github.com/webmproject/libwebp",
    copyright: "Google Inc.",
  },
  { name: "llhttp", licence: "MIT", home: "https://github.com/nodejs/llhttp", copyright: "Fedor Indutny" },
  {
    name: "lol-html",
    licence: "BSD-3-Clause",
    home: "https://github.com/cloudflare/lol-html",
    copyright: "Cloudflare, Inc.",
    versionKey: "lolhtml",
  },
  { name: "ls-hpack", licence: "MIT", home: "https://github.com/litespeedtech/ls-hpack", versionKey: "lshpack" },
  { name: "ls-qpack", licence: "MIT", home: "https://github.com/litespeedtech/ls-qpack" },
  { name: "lsquic", licence: "MIT AND BSD-3-Clause", home: "https://github.com/litespeedtech/lsquic" },
  {
    name: "mimalloc",
    licence: "MIT",
    home: "https://github.com/microsoft/mimalloc",
    copyright: "Microsoft Corporation",
  },
  { name: "picohttpparser", licence: "MIT", home: "https://github.com/h2o/picohttpparser" },
  { name: "simdutf", licence: "Apache-2.0", home: "https://github.com/simdutf/simdutf" },
  { name: "sqlite", licence: "blessing", home: "https://sqlite.org" },
  {
    name: "tinycc",
    licence: "LGPL-2.1-or-later",
    home: "https://github.com/tinycc/tinycc",
    copyright: "Fabrice Bellard",
  },
  { name: "uSockets", licence: "Apache-2.0", home: "https://github.com/uNetworking/uSockets", versionKey: "usockets" },
  { name: "uucode", licence: "MIT", home: "https://github.com/jacobsandlund/uucode" },
  {
    name: "uWebSockets",
    licence: "Apache-2.0",
    home: "https://github.com/uNetworking/uWebSockets",
    versionKey: "uwebsockets",
  },
  { name: "webkit", licence: "LGPL-2.1-or-later AND BSD-2-Clause", home: "https://github.com/oven-sh/WebKit" },
  { name: "zlib-ng", licence: "Zlib", home: "https://github.com/zlib-ng/zlib-ng", versionKey: "zlib" },
  {
    name: "zstd",
    licence: "BSD-3-Clause",
    home: "https://github.com/facebook/zstd",
    copyright: "Meta Platforms, Inc.",
  },
];
