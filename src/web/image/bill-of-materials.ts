import { listIn, objectIn, textIn } from "./image-document.ts";

/** A package that a bill of materials lists; texts are strangers'. Empty: not told. */
export type Package = {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** `deb`, `npm`: by its package URL, or what the document calls it. */
  readonly type: string;
};

/** A bill of materials, read. */
export type BillOfMaterials = { readonly format: string; readonly packages: readonly Package[] };

/** Reads SPDX 2 and 3, CycloneDX and Syft's own format; null for anything else. A statement's predicate counts as well. */
export function readBillOfMaterials(document: unknown): BillOfMaterials | null {
  const statement = objectIn(document, "predicate");
  if (statement !== null && textIn(document, "predicateType") !== null) {
    return readBillOfMaterials(objectIn(statement, "Data") ?? statement);
  }
  const spdx = textIn(document, "spdxVersion");
  if (spdx !== null) return { format: spdx, packages: listIn(document, "packages").map(spdxPackage) };
  if (textIn(document, "bomFormat") === "CycloneDX") {
    const version = textIn(document, "specVersion");
    const packages = listIn(document, "components").map(cycloneComponent);
    return { format: version === null ? "CycloneDX" : `CycloneDX ${version}`, packages };
  }
  if (Array.isArray((document as { "@graph"?: unknown } | null)?.["@graph"])) {
    const nodes = listIn(document, "@graph").filter((node) => /(?:^|_)Package$/.test(textIn(node, "type") ?? ""));
    return nodes.length === 0 ? null : { format: "SPDX 3", packages: nodes.map(spdx3Package) };
  }
  const artifacts = listIn(document, "artifacts");
  if (artifacts.length > 0 && objectIn(document, "descriptor") !== null) {
    return { format: "Syft", packages: artifacts.map(syftArtifact) };
  }
  return null;
}

/** Those whose name, version, licence or type has a text in it, in any case. */
export function searchPackages(packages: readonly Package[], text: string): readonly Package[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return packages;
  return packages.filter(({ name, version, licence, type }) =>
    `${name}\n${version}\n${licence}\n${type}`.toLowerCase().includes(wanted),
  );
}

function spdxPackage(entry: unknown): Package {
  const licence = known(textIn(entry, "licenseConcluded")) ?? known(textIn(entry, "licenseDeclared")) ?? "";
  const urls = listIn(entry, "externalRefs").map((one) => textIn(one, "referenceLocator") ?? "");
  return {
    name: textIn(entry, "name") ?? "",
    version: textIn(entry, "versionInfo") ?? "",
    licence,
    type:
      typeOfUrl(urls.find((url) => url.startsWith("pkg:")) ?? "") ??
      (textIn(entry, "primaryPackagePurpose") ?? "").toLowerCase(),
  };
}

function spdx3Package(entry: unknown): Package {
  return {
    name: textIn(entry, "name") ?? "",
    version: textIn(entry, "software_packageVersion") ?? "",
    licence: "",
    type: typeOfUrl(textIn(entry, "software_packageUrl") ?? "") ?? "",
  };
}

function cycloneComponent(entry: unknown): Package {
  const licences = listIn(entry, "licenses").map((one) => {
    const licence = objectIn(one, "license");
    return textIn(one, "expression") ?? textIn(licence, "id") ?? textIn(licence, "name") ?? "";
  });
  const group = textIn(entry, "group");
  const name = textIn(entry, "name") ?? "";
  return {
    name: group === null ? name : `${group}/${name}`,
    version: textIn(entry, "version") ?? "",
    licence: licences.filter((one) => one !== "").join(", "),
    type: typeOfUrl(textIn(entry, "purl") ?? "") ?? textIn(entry, "type") ?? "",
  };
}

function syftArtifact(entry: unknown): Package {
  const licences = listIn(entry, "licenses").map((one) =>
    typeof one === "string" ? one : (textIn(one, "value") ?? ""),
  );
  return {
    name: textIn(entry, "name") ?? "",
    version: textIn(entry, "version") ?? "",
    licence: licences.filter((one) => one !== "").join(", "),
    type: textIn(entry, "type") ?? "",
  };
}

function known(licence: string | null): string | null {
  return licence === "NOASSERTION" || licence === "NONE" ? null : licence;
}

/** Source: package-url specification: `pkg:TYPE/…`. */
function typeOfUrl(url: string): string | null {
  return /^pkg:([\w.+-]{1,40})\//.exec(url)?.[1] ?? null;
}
