/**
 * What artifacts are, in words: signatures, bills of materials, attestations, charts. Their makers say it in many ways: by an
 * artifact type, by the type of the config or of a layer, by an annotation, or by cosign's tag.
 */

/** All by which an artifact may be known. */
export type ArtifactFacts = {
  readonly artifactType: string | null;
  readonly configType: string | null;
  readonly layerTypes: readonly string[];
  /** Annotations of the manifest and of its layers that tell what an attestation states. */
  readonly predicateTypes: readonly string[];
  /** cosign's tag that leads to it; null: there is none. */
  readonly tag: string | null;
};

/** Annotations whose value is the type of an attestation's predicate: BuildKit's, cosign's, sigstore's. */
export const PREDICATE_ANNOTATIONS = [
  "in-toto.io/predicate-type",
  "predicateType",
  "dev.sigstore.bundle.predicateType",
] as const;

type Words = readonly (readonly [pattern: RegExp, words: string])[];

/** Of predicates. A statement that is known by its predicate is told by that. */
const PREDICATES: Words = [
  [/^https:\/\/sigstore\.dev\/cosign\/sign\/v1$/, "cosign signature (sigstore bundle)"],
  [/^https:\/\/slsa\.dev\/provenance\//, "SLSA provenance"],
  [/^https:\/\/slsa\.dev\/verification_summary\//, "SLSA verification summary"],
  [/^https:\/\/spdx\.dev\/Document/, "SPDX bill of materials (attested)"],
  [/^https:\/\/cyclonedx\.org\/bom/, "CycloneDX bill of materials (attested)"],
  [/^https:\/\/openvex\.dev\/ns/, "OpenVEX statement (attested)"],
  [
    /^https:\/\/(?:in-toto\.io\/attestation\/vulns|cosign\.sigstore\.dev\/attestation\/vuln)/,
    "vulnerability report (attested)",
  ],
  [/^https:\/\/in-toto\.io\/attestation\/test-result/, "test result (attested)"],
  [/^https:\/\/in-toto\.io\/attestation\/release/, "release (attested)"],
  [/^https:\/\/in-toto\.io\/attestation\/scai/, "SCAI attributes (attested)"],
  [/^https:\/\/in-toto\.io\/Link\//, "in-toto link"],
];

/** Of artifact types, and of types of configs and layers. The first that matches any of them counts. */
const TYPES: Words = [
  [/^application\/vnd\.dev\.cosign\.(?:simplesigning\.v1|artifact\.sig\.v1)\+json$/, "cosign signature"],
  [/^application\/vnd\.cncf\.notary\.signature$/, "notation signature"],
  [/^application\/vnd\.dev\.sigstore\.bundle/, "sigstore bundle"],
  [/^application\/spdx\+json$|^text\/spdx/, "SPDX bill of materials"],
  [/^application\/vnd\.cyclonedx/, "CycloneDX bill of materials"],
  [/^application\/vnd\.syft/, "Syft bill of materials"],
  [/^application\/vnd\.openvex/, "OpenVEX statement"],
  [/^application\/vnd\.csaf|^application\/csaf/, "CSAF advisory"],
  [/^application\/sarif\+json$|^application\/vnd\.sarif/, "SARIF report"],
  [/^application\/vnd\.in-toto|^application\/vnd\.dsse\.envelope/, "in-toto attestation"],
  [/^application\/vnd\.aquasec\.trivy\.report/, "Trivy report"],
  [/^application\/vnd\.cncf\.helm\.(?:config|chart)/, "Helm chart"],
  [/^application\/vnd\.(?:wasm\.|cncf\.wasm|module\.wasm)|^application\/wasm$/, "WebAssembly module"],
  [/^application\/vnd\.cncf\.flux\./, "Flux artifact"],
  [/^application\/vnd\.fluxcd\./, "Flux artifact"],
  [/^application\/vnd\.cncf\.openpolicyagent|^application\/vnd\.opa\./, "OPA policy bundle"],
  [/^application\/vnd\.(?:cncf\.)?kyverno/, "Kyverno policy"],
  [/^application\/vnd\.cncf\.falco/, "Falco artifact"],
  [/^application\/vnd\.docker\.(?:compose|app)|^application\/vnd\.docker\.compose/, "Compose application"],
  [/^application\/vnd\.docker\.plugin/, "Docker plugin"],
  [/^application\/vnd\.buildkit\.cacheconfig/, "BuildKit cache"],
  [/^application\/vnd\.devcontainers/, "dev container feature"],
  [/^application\/vnd\.cnab/, "CNAB bundle"],
  [/^application\/vnd\.cncf\.model|^application\/vnd\.ollama|^application\/vnd\.docker\.ai/, "machine learning model"],
  [/^application\/vnd\.oci\.opentofu|^application\/vnd\.hashicorp\.terraform|^archive\/zip$/, "module archive"],
  [/^application\/vnd\.amazon\.soci/, "SOCI index"],
  [/^application\/vnd\.nydus/, "Nydus image"],
];

const TAGS: Readonly<Record<string, string>> = {
  sig: "cosign signature",
  att: "in-toto attestation",
  sbom: "bill of materials",
};

/** What an artifact is, in words; null for one that is nothing known, and for images. */
export function nameArtifact({
  artifactType,
  configType,
  layerTypes,
  predicateTypes,
  tag,
}: ArtifactFacts): string | null {
  for (const predicate of predicateTypes) {
    const words = wordsFor(PREDICATES, predicate);
    if (words !== null) return words;
  }
  for (const type of [artifactType, configType, ...layerTypes]) {
    const words = type === null ? null : wordsFor(TYPES, type);
    if (words !== null) return words;
  }
  if (predicateTypes.length > 0) return "in-toto attestation";
  return TAGS[tag?.split(".").at(-1) ?? ""] ?? null;
}

function wordsFor(table: Words, text: string): string | null {
  return table.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
