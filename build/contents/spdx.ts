import type { SourceVersion } from "../source-version.ts";
import type { Target } from "../target.ts";
import { readLockedPackage } from "../lock-file.ts";
import type { Component } from "./component.ts";
import { describePackage, readNpmComponents } from "./npm-components.ts";
import { describeRuntime, describeRuntimeParts } from "./runtime-components.ts";

/** A file that was built, with its hashes in hexadecimal. */
export type BuiltFile = { readonly target: Target; readonly sha1: string; readonly sha256: string };

/**
 * What is in the files, as an SPDX 2.3 document in JSON (ISO/IEC 5962's successor): larder, the packages of npm, the runtime
 * and what that was linked with. The same files give the same document.
 */
export function composeSpdx(source: SourceVersion, built: readonly BuiltFile[]): string {
  const packages = readNpmComponents();
  const parts = describeRuntimeParts();
  const runtime = describeRuntime();
  const builds = built.map(({ target }) => describePackage(readLockedPackage(target.runtimePackage)));
  const content = {
    packages: [ownPackage(source), ...[...packages, runtime, ...builds, ...parts].map(packageOf)],
    files: built.map(fileOf),
    relationships: [
      relate("SPDXRef-DOCUMENT", "DESCRIBES", OWN),
      ...[...packages, runtime].map((each) => relate(OWN, "CONTAINS", idOf(each))),
      ...parts.map((each) => relate(idOf(runtime), "CONTAINS", idOf(each))),
      ...builds.map((each) => relate(idOf(each), "VARIANT_OF", idOf(runtime))),
      ...built.flatMap((file, index) => [
        relate(fileId(file), "GENERATED_FROM", OWN),
        ...builds.slice(index, index + 1).map((each) => relate(fileId(file), "CONTAINS", idOf(each))),
      ]),
    ],
  };
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(content)).digest("hex");
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `larder-${source.version}`,
    documentNamespace: `https://spdx.org/spdxdocs/larder-${source.version}-${hash}`,
    creationInfo: {
      created: new Date(source.dateSeconds * 1000).toISOString().replace(".000Z", "Z"),
      creators: [`Tool: larder-build-${source.version}`],
    },
    ...content,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const OWN = "SPDXRef-larder";

function ownPackage({ version, commit }: SourceVersion) {
  return {
    SPDXID: OWN,
    name: "larder",
    versionInfo: version,
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    licenseConcluded: "Apache-2.0",
    licenseDeclared: "Apache-2.0",
    copyrightText: "NOASSERTION",
    primaryPackagePurpose: "APPLICATION",
    ...(commit === null ? {} : { sourceInfo: `commit ${commit}` }),
    externalRefs: [purlRef(`pkg:generic/larder@${version}`)],
  };
}

function packageOf(component: Component) {
  const { name, version, licence, copyright, home, npm } = component;
  return {
    SPDXID: idOf(component),
    name,
    ...(version === null ? {} : { versionInfo: version }),
    downloadLocation: "NOASSERTION",
    filesAnalyzed: false,
    ...(home === null ? {} : { homepage: home }),
    ...(npm === null ? {} : { checksums: [{ algorithm: "SHA512", checksumValue: npm.sha512 }] }),
    licenseConcluded: licence,
    licenseDeclared: licence,
    copyrightText: copyright ?? "NOASSERTION",
    ...(npm === null ? {} : { externalRefs: [purlRef(npm.purl)] }),
  };
}

function fileOf(file: BuiltFile) {
  return {
    SPDXID: fileId(file),
    fileName: `./${file.target.file}`,
    fileTypes: ["BINARY"],
    checksums: [
      { algorithm: "SHA1", checksumValue: file.sha1 },
      { algorithm: "SHA256", checksumValue: file.sha256 },
    ],
    licenseConcluded: "NOASSERTION",
    licenseInfoInFiles: ["NOASSERTION"],
    copyrightText: "NOASSERTION",
  };
}

function purlRef(purl: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: purl };
}

function relate(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** Identifiers have letters, digits, dots and hyphens (clause 3.2). */
function idOf({ name }: Component): string {
  return `SPDXRef-Package-${name.replace(/[^A-Za-z0-9.]+/g, "-").replace(/^-/, "")}`;
}

function fileId({ target }: BuiltFile): string {
  return `SPDXRef-File-${target.file}`;
}
