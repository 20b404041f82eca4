/** Converts an image that is larger than memory should be, by itself in a process, and prints the peak in MiB. */
import { readFileSync } from "node:fs";
import { type TarMember, tarEntry } from "../lib/tar/tar-entry.ts";
import { writeTar } from "../lib/tar/write-tar.ts";
import { convertImage } from "./convert/convert-image.ts";
import { imageOf } from "./test-image.fixture.ts";

const CHUNK = new Uint8Array(256 * 1024).map((_, at) => (at * 7 + (at >> 8)) & 0xff);
const LARGE_BYTES = 256 << 20;
const SMALL_FILES = 20_000;

async function* large(): AsyncGenerator<Uint8Array> {
  for (let left = LARGE_BYTES; left > 0; left -= CHUNK.length) yield CHUNK;
}

async function* small(): AsyncGenerator<Uint8Array> {
  yield CHUNK.subarray(0, 3000);
}

async function* members(layer: number): AsyncGenerator<TarMember> {
  yield { entry: tarEntry(`large-${layer % 2}`, "file", { size: LARGE_BYTES }), body: large() };
  for (let at = 0; at < SMALL_FILES; at++) {
    yield { entry: tarEntry(`layer-${layer}/d${at % 500}/file-${at}`, "file", { size: 3000 }), body: small() };
  }
}

const layers = [0, 1].map((layer) => ({ open: () => writeTar(members(layer)) }));
const name = "example.com/large";
const aci = await convertImage(
  { ...imageOf([]), layers },
  {
    origin: { name, version: null, originalName: name, registry: "example.com", repository: "large" },
    compression: "gzip",
    signal: new AbortController().signal,
  },
);
let bytes = 0;
for await (const chunk of aci.bytes) bytes += chunk.length;
// Not getrusage's maximum: a child begins with its parent's.
const peakKibibytes = Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
console.log(JSON.stringify({ bytes, imageId: aci.imageId(), peakMebibytes: peakKibibytes / 1024 }));
