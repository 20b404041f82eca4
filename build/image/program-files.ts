import { join } from "node:path";
import { composeLicences } from "../contents/licences.ts";
import { composeSpdx } from "../contents/spdx.ts";
import { CHECKOUT, type SourceVersion } from "../source-version.ts";
import type { Target } from "../target.ts";
import { type RootFile, rootFile, rootLink } from "./root-files.ts";

/**
 * The image's second layer: larder, under the name of registry:2's program, too, what it is made of (scanners read the SPDX
 * document), and the licences.
 */
export async function programFiles(
  program: Uint8Array<ArrayBuffer>,
  target: Target,
  source: SourceVersion,
): Promise<readonly RootFile[]> {
  const modifiedAt = { seconds: source.dateSeconds, nanoseconds: 0 };
  const hash = (algorithm: "sha1" | "sha256") => new Bun.CryptoHasher(algorithm).update(program).digest("hex");
  const documents = "usr/share/doc/larder";
  return [
    rootFile("bin/larder", program, { mode: 0o755, modifiedAt }),
    rootLink("bin/registry", "larder"),
    rootFile(`${documents}/LICENSE`, await Bun.file(join(CHECKOUT, "LICENSE")).bytes()),
    rootFile(`${documents}/LICENSES.txt`, composeLicences()),
    rootFile(
      `${documents}/larder.spdx.json`,
      composeSpdx(source, [{ target, sha1: hash("sha1"), sha256: hash("sha256") }]),
    ),
  ];
}
