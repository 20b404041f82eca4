/** Archives that were damaged, or made to do harm: they are refused in words, or give what their digests say, and nothing else. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { tarOf } from "../../src/images/test-image.fixture.ts";
import { copyEverything, openFileSink, openFileSource } from "../../src/images/transports.fixture.ts";
import { RegistryError } from "../../src/oci/registry-error.ts";
import { digestOf, makeImage } from "../conformance/content-factory.ts";
import { hostileRuns } from "./hostile-runs.ts";

const RUNS = hostileRuns(300);
const LIMIT_MS = 600_000;
const hex = (digest: string) => digest.slice("sha256:".length);

describe("an archive", () => {
  let folder: string;
  let good: readonly (readonly [kind: string, bytes: Buffer])[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-hostile-"));
    await mkdir(join(folder, "spool"));
    good = [
      ["oci-archive", Buffer.from(await ociArchive())],
      ["docker-archive", Buffer.from(await dockerArchive())],
    ];
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** Copies what is in the archive into a folder; the error that it is refused with, or null. */
  async function copy(kind: string, bytes: Uint8Array): Promise<unknown> {
    const [from, to] = [join(folder, "in.tar"), join(folder, "out")];
    await Bun.write(from, bytes);
    await rm(to, { recursive: true, force: true });
    const source = openFileSource(`${kind}:${from}`, join(folder, "spool"));
    return copyEverything(source, openFileSink(`oci:${to}`)).then(
      () => null,
      (error: unknown) => error,
    );
  }

  /** Names where an archive has one, and what would lead somewhere else. */
  const spot = fc.constantFrom(
    "manifest.json",
    "index.json",
    "oci-layout",
    "blobs/sha256/",
    "sha256:",
    "layer.tar",
    "ustar",
    '"size":',
    '"Layers":',
    "0000644",
  );
  const text = fc.constantFrom(
    "../../../../etc/passwd",
    "/etc/passwd",
    "\0",
    "\xff",
    "%s",
    "[[[[",
    "-1",
    "1e999",
    '"',
    "}",
    "77777777777",
    "__proto__",
  );
  const change = fc.oneof(
    fc.record({ how: fc.constant("byte" as const), at: fc.nat(), value: fc.nat(255) }),
    fc.record({ how: fc.constant("spot" as const), spot, text, at: fc.nat(400) }),
    fc.record({
      how: fc.constant("type" as const),
      at: fc.nat(30),
      value: fc.constantFrom("1", "2", "3", "5", "6", "S", "L", "K", "x", "g", "V", "M", "N"),
    }),
    fc.record({ how: fc.constant("cut" as const), at: fc.nat() }),
    fc.record({ how: fc.constant("size" as const), at: fc.nat(30) }),
  );

  test(
    "that was changed anywhere is refused in words, or is what its digests say",
    async () => {
      const changes = fc.array(change, { minLength: 1, maxLength: 4 });
      const property = fc.asyncProperty(fc.nat(1), changes, fc.boolean(), async (which, all, isPacked) => {
        const [kind, whole] = good[which] ?? ["", Buffer.alloc(0)];
        // The checksums of the members' heads are put right again: what is behind them is to be reached.
        const changed = withSums(all.reduce(apply, Buffer.from(whole)));
        const error = await copy(kind, isPacked ? gzipSync(changed) : changed);
        if (error !== null) expect(error).toBeInstanceOf(RegistryError);
        for (const name of await readdir(join(folder, "out", "blobs", "sha256")).catch(() => [])) {
          expect(digestOf(await Bun.file(join(folder, "out", "blobs", "sha256", name)).bytes())).toBe(`sha256:${name}`);
        }
        expect((await readdir(folder)).filter((name) => !["in.tar", "out", "spool"].includes(name))).toEqual([]);
        expect(await readdir(join(folder, "spool"))).toEqual([]);
      });
      for (const [kind, whole] of good) expect(await copy(kind, whole)).toBeNull();
      await fc.assert(property, { numRuns: RUNS });
    },
    LIMIT_MS,
  );

  type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

  function apply(bytes: Buffer, one: Change): Buffer {
    if (bytes.length === 0) return bytes;
    if (one.how === "cut") return bytes.subarray(0, one.at % bytes.length);
    if (one.how === "byte") bytes[one.at % bytes.length] = one.value;
    if (one.how === "type") bytes.write(one.value, (one.at * 512 + 156) % bytes.length, "latin1");
    if (one.how === "size") bytes.fill(0xff, (one.at * 512 + 124) % bytes.length, (one.at * 512 + 136) % bytes.length);
    if (one.how === "spot") {
      const at = bytes.indexOf(one.spot, (one.at * 97) % bytes.length);
      if (at >= 0) bytes.write(one.text, at, "latin1");
    }
    return bytes;
  }
});

/** Blocks that look like a member's head have the checksum of what is in them. */
function withSums(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString("latin1", at + 257, at + 262) !== "ustar") continue;
    bytes.fill(0x20, at + 148, at + 156);
    const sum = bytes.subarray(at, at + 512).reduce((all, byte) => all + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148, "latin1");
  }
  return bytes;
}

async function ociArchive(): Promise<Uint8Array> {
  const { manifest, blobs } = makeImage();
  const files = [manifest, ...blobs].map(({ digest, bytes }) => [`blobs/sha256/${hex(digest)}`, bytes] as const);
  const { mediaType, digest, bytes } = manifest;
  const root = { mediaType, digest, size: bytes.length, annotations: { "org.opencontainers.image.ref.name": "1" } };
  return tarOf({
    "oci-layout": '{"imageLayoutVersion":"1.0.0"}',
    "index.json": JSON.stringify({ schemaVersion: 2, manifests: [root] }),
    ...Object.fromEntries(files),
  });
}

async function dockerArchive(): Promise<Uint8Array> {
  const layer = await tarOf({ "file.txt": "hello" });
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
  });
  const listed = [{ Config: "config.json", RepoTags: ["team/app:1"], Layers: ["layer.tar"] }];
  return tarOf({ "config.json": config, "layer.tar": layer, "manifest.json": JSON.stringify(listed) });
}
