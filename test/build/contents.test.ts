import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeLicences } from "../../build/contents/licences.ts";
import { type BuiltFile, composeSpdx } from "../../build/contents/spdx.ts";
import { readProductionPackages } from "../../build/lock-file.ts";
import { CHECKOUT } from "../../build/source-version.ts";
import { TARGETS } from "../../build/target.ts";
import { outputOf, runCommand } from "../end-to-end/run-command.ts";
import { findPythonEnvironment } from "../python-environment.ts";
import { unmet } from "../requirement.ts";

const SOURCE = { version: "1.2.3-rc.4", commit: "c0ffee", dateSeconds: 1_800_000_000 };
const BUILT: readonly BuiltFile[] = TARGETS.map((target, index) => ({
  target,
  sha1: `${index}`.repeat(40),
  sha256: `${index}`.repeat(64),
}));

type Spdx = {
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly {
    readonly name: string;
    readonly versionInfo?: string;
    readonly licenseDeclared: string;
    readonly checksums?: readonly { readonly checksumValue: string }[];
    readonly externalRefs?: readonly { readonly referenceLocator: string }[];
  }[];
};
const document = JSON.parse(composeSpdx(SOURCE, BUILT)) as Spdx;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-contents-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The packages whose code the compiler takes. */
async function bundledPackages(): Promise<readonly string[]> {
  const metafile = join(folder, "meta.json");
  const built = ["--target=bun", "--splitting", `--metafile=${metafile}`, `--outdir=${join(folder, "out")}`];
  await outputOf([process.execPath, "build", ...built, "src/main.ts"], { folder: CHECKOUT });
  const { inputs } = (await Bun.file(metafile).json()) as { readonly inputs: Record<string, unknown> };
  const names = Object.keys(inputs).map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

test("every package that is in the file is listed, pinned and has its terms told", async () => {
  const bundled = await bundledPackages();
  expect(bundled).toContain("yaml");
  const licences = composeLicences();
  for (const name of bundled) {
    const listed = document.packages.find((each) => each.name === name);
    expect(listed).toMatchObject({ name, checksums: [{ checksumValue: expect.stringMatching(/^[0-9a-f]{128}$/) }] });
    expect(licences).toContain(`  ${name} ${listed?.versionInfo}; ${listed?.licenseDeclared}`);
    expect(listed?.externalRefs?.[0]?.referenceLocator).toBe(
      `pkg:npm/${name.replace("@", "%40")}@${listed?.versionInfo}`,
    );
  }
});

test("nothing is listed that only tools of ours need", () => {
  const names = readProductionPackages().map(({ name }) => name);
  expect(names).toContain("bun");
  expect(names).not.toContain("typescript");
  expect(names).not.toContain("spdx-license-list");
});

test("the runtime and what it was linked with are told, with the text of every licence that is named", () => {
  const licences = composeLicences();
  for (const name of ["bun", "webkit", "sqlite", "zstd"])
    expect(document.packages.find((each) => each.name === name)?.licenseDeclared).toBeString();
  expect(licences).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  for (const target of TARGETS)
    expect(document.packages.find(({ name }) => name === target.runtimePackage)?.checksums).toHaveLength(1);
});

test("a document has no time and no name but those of its source", () => {
  expect(composeSpdx(SOURCE, BUILT)).toBe(composeSpdx(SOURCE, BUILT));
  expect(document.creationInfo.created).toBe("2027-01-15T08:00:00Z");
  const other = JSON.parse(composeSpdx({ ...SOURCE, commit: "decade" }, BUILT)) as { documentNamespace: string };
  expect(other.documentNamespace).not.toBe((document as unknown as typeof other).documentNamespace);
});

const validator = await findPythonEnvironment("spdx-tools", "0.8.5");
const isValidatorHere = "programs" in validator || unmet(validator.reason).met;

describe.skipIf(!isValidatorHere)("the SPDX project's own validator", () => {
  const validate = async (text: string) => {
    const path = join(folder, "larder.spdx.json");
    await Bun.write(path, text);
    const program = "programs" in validator ? join(validator.programs, "pyspdxtools") : "";
    return runCommand([program, "--infile", path]);
  };

  test.each([1, TARGETS.length])("takes the document of %d files", async (count) => {
    expect(await validate(composeSpdx(SOURCE, BUILT.slice(0, count)))).toMatchObject({ status: 0 });
  });

  test("finds fault where there is one", async () => {
    const broken = composeSpdx(SOURCE, BUILT).replace('"DESCRIBES"', '"DESCRIBED"');
    expect((await validate(broken)).status).not.toBe(0);
  });
});
