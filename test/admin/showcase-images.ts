/** Images with all that may be attached to one, and what is shared between them, to be looked into. */
import { gzipSync } from "node:zlib";
import { tarEntry } from "../../src/lib/tar/tar-entry.ts";
import { writeTar } from "../../src/lib/tar/write-tar.ts";
import type { Layer } from "../../src/signatures/attached.fixture.ts";
import { TestSigstore } from "../../src/signatures/sigstore.fixture.ts";
import {
  type Content,
  contentOf,
  describeManifest,
  descriptorOf,
  type Image,
  makeIndex,
  makeManifest,
  type ManifestContent,
  TYPE,
} from "../conformance/content-factory.ts";

/** What a file of a layer is made of: a text, a folder (null), or a link's target (`-> target`). */
export type LayerFiles = Readonly<Record<string, string | null>>;

/** A layer in gzip. */
export async function layerOf(files: LayerFiles): Promise<Content> {
  const parts: Uint8Array[] = [];
  const members = Object.entries(files).map(([path, text]) => {
    if (text === null) return { entry: tarEntry(path, "directory"), body: null };
    if (text.startsWith("-> ")) return { entry: tarEntry(path, "symlink", { linkTarget: text.slice(3) }), body: null };
    const bytes = Buffer.from(text);
    return { entry: tarEntry(path, "file", { size: bytes.length }), body: bytes.length === 0 ? null : [bytes] };
  });
  for await (const part of writeTar(members.map(({ entry, body }) => ({ entry, body: body && each(body) })))) {
    parts.push(part);
  }
  return contentOf(gzipSync(Buffer.concat(parts)));
}

async function* each(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** An image of these layers; `config` adds to its config. */
export function imageOf(layers: readonly Content[], architecture: string, config: object = {}): Image {
  const document = { architecture, os: "linux", rootfs: { type: "layers", diff_ids: [] }, ...config };
  const bytes = contentOf(JSON.stringify(document));
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(bytes, TYPE.config),
    layers: layers.map((layer) => descriptorOf(layer, TYPE.layer)),
  });
  return { manifest, blobs: [bytes, ...layers] };
}

/** Something that refers to an image, or that a tag of cosign's leads to (`subject` null). */
export function attachmentOf(
  subject: ManifestContent | null,
  artifactType: string | null,
  layers: readonly Layer[],
  annotations: Readonly<Record<string, string>> = {},
): Image {
  const blobs = layers.map(({ bytes }) => contentOf(bytes));
  const empty = contentOf("{}");
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    ...(artifactType === null ? {} : { artifactType }),
    config: descriptorOf(empty, TYPE.empty),
    layers: blobs.map((blob, at) => {
      const { mediaType = "", annotations: more } = layers[at] ?? {};
      return descriptorOf(blob, mediaType, more === undefined ? {} : { annotations: more });
    }),
    ...(subject === null ? {} : { subject: describeManifest(subject) }),
    annotations,
  });
  return { manifest, blobs: [empty, ...blobs] };
}

const json = (mediaType: string, value: unknown): Layer => ({ mediaType, bytes: Buffer.from(JSON.stringify(value)) });

/** Some packages, as Syft tells of them in SPDX. */
export function spdxOf(packages: readonly (readonly [name: string, version: string, licence: string])[]): object {
  return {
    spdxVersion: "SPDX-2.3",
    name: "app",
    packages: packages.map(([name, versionInfo, licenseConcluded], at) => ({
      SPDXID: `SPDXRef-${at}`,
      name,
      versionInfo,
      licenseConcluded,
    })),
  };
}

/** The files of the first layer of the image. */
export const BASE_FILES: LayerFiles = {
  "etc/": null,
  "etc/os-release": 'NAME="Showcase"\nID=showcase\n',
  "bin/": null,
  "bin/tool": "\u007fELF\u0000\u0001binary",
  "bin/sh": "-> tool",
};

/** What was made: to be pushed to one repository. */
export type Showcase = {
  readonly base: Image;
  readonly amd64: Image;
  readonly arm64: Image;
  readonly provenance: Image;
  readonly index: ManifestContent;
  /** By the tag that leads to them; `""`: by their subject alone. */
  readonly attached: readonly { readonly tag: string; readonly image: Image }[];
  readonly chart: Image;
};

/** Makes an image for two platforms with signatures, bills of materials, provenance; its base; a chart. */
export async function makeShowcase(): Promise<Showcase> {
  const first = await layerOf(BASE_FILES);
  const base = imageOf([first], "amd64", { history: [{ created_by: "/bin/sh -c #(nop) ADD file:x in / " }] });
  const amd64 = imageOf(
    [first, await layerOf({ "srv/app": "amd64\n".repeat(500), "etc/.wh.os-release": "" })],
    "amd64",
    {
      created: "2026-11-01T10:00:00Z",
      config: {
        User: "1000:1000",
        Env: ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"],
        Entrypoint: ["/bin/tool"],
        Cmd: ["serve", "--port", "80"],
        WorkingDir: "/srv",
        ExposedPorts: { "80/tcp": {} },
        Volumes: { "/data": {} },
        StopSignal: "SIGQUIT",
        Healthcheck: { Test: ["CMD", "/bin/tool", "check"], Interval: 30_000_000_000 },
        Labels: {
          "org.opencontainers.image.source": "https://git.example/app",
          evil: "<img src=x onerror=alert(1)>\u202eabc",
        },
      },
      history: [
        { created_by: "/bin/sh -c #(nop) ADD file:0123 in / " },
        { created_by: "ENV LANG=C.UTF-8", empty_layer: true },
        { created_by: "COPY srv /srv # buildkit", comment: "buildkit.dockerfile.v0" },
        { created_by: 'CMD ["serve" "--port" "80"]', empty_layer: true },
      ],
    },
  );
  const arm64 = imageOf([await layerOf({ "srv/app": "arm64\n" })], "arm64");
  const statement = (predicateType: string, predicate: unknown) => ({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "app", digest: { sha256: amd64.manifest.digest.slice(7) } }],
    predicateType,
    predicate,
  });
  const inToto = "application/vnd.in-toto+json";
  const attested = (predicateType: string, predicate: unknown): Layer => ({
    ...json(inToto, statement(predicateType, predicate)),
    annotations: { "in-toto.io/predicate-type": predicateType },
  });
  const packages = [
    ["busybox", "1.36.1", "GPL-2.0-only"],
    ["zlib", "1.3.1", "Zlib"],
  ] as const;
  const provenance = attachmentOf(null, null, [
    attested("https://spdx.dev/Document", spdxOf(packages)),
    attested("https://slsa.dev/provenance/v1", {
      buildDefinition: { buildType: "https://mobyproject.org/buildkit@v1" },
    }),
  ]);
  const index = makeIndex([
    describeManifest(amd64.manifest, { platform: { os: "linux", architecture: "amd64" } }),
    describeManifest(arm64.manifest, { platform: { os: "linux", architecture: "arm64" } }),
    describeManifest(provenance.manifest, {
      platform: { os: "unknown", architecture: "unknown" },
      annotations: {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": amd64.manifest.digest,
      },
    }),
  ]);
  return { base, amd64, arm64, provenance, index, attached: attachedTo(index, packages), chart: await makeChart() };
}

function attachedTo(
  index: ManifestContent,
  packages: readonly (readonly [string, string, string])[],
): Showcase["attached"] {
  const sigstore = new TestSigstore();
  const { digest } = index;
  const bundle = sigstore.bundle({ digest });
  const envelope = {
    payloadType: "application/vnd.in-toto+json",
    payload: Buffer.from(JSON.stringify({ predicateType: "https://slsa.dev/provenance/v0.2", predicate: {} })).toString(
      "base64",
    ),
    signatures: [{ sig: "AAAA" }],
  };
  const by = (tag: string, image: Image) => ({ tag: tag && `${digest.replace(":", "-")}.${tag}`, image });
  return [
    by("sig", attachmentOf(null, null, [sigstore.simple({ digest })])),
    by("att", attachmentOf(null, null, [json("application/vnd.dsse.envelope.v1+json", envelope)])),
    by("", attachmentOf(index, bundle.mediaType, [bundle])),
    by("", attachmentOf(index, "application/spdx+json", [json("application/spdx+json", spdxOf(packages))])),
    by(
      "",
      attachmentOf(index, "application/vnd.cyclonedx+json", [
        json("application/vnd.cyclonedx+json", {
          bomFormat: "CycloneDX",
          components: [{ name: "openssl", version: "3.5.4", licenses: [{ license: { id: "Apache-2.0" } }] }],
        }),
      ]),
    ),
    by(
      "",
      attachmentOf(index, "application/vnd.example.report+json", [
        json("application/json", { verdict: "<b>fine</b>" }),
      ]),
    ),
  ];
}

async function makeChart(): Promise<Image> {
  const facts = { apiVersion: "v2", name: "web", version: "1.2.3", appVersion: "9", description: "Serves pages" };
  const config = contentOf(JSON.stringify(facts));
  const archive = await layerOf({
    "web/Chart.yaml": "apiVersion: v2\nname: web\n",
    "web/values.yaml": "replicas: 1\n",
  });
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, "application/vnd.cncf.helm.config.v1+json"),
    layers: [descriptorOf(archive, "application/vnd.cncf.helm.chart.content.v1.tar+gzip")],
  });
  return { manifest, blobs: [config, archive] };
}

/** Pushes all of it: `team/app:1`, `team/base:1`, `charts/web:1.2.3`. */
export async function pushShowcase(
  { base, amd64, arm64, provenance, index, attached, chart }: Showcase,
  push: (name: string, image: Image, reference: string) => Promise<void>,
): Promise<void> {
  await push("team/base", base, "1");
  for (const image of [amd64, arm64, provenance]) await push("team/app", image, image.manifest.digest);
  await push("team/app", { manifest: index, blobs: [] }, "1");
  for (const { tag, image } of attached) await push("team/app", image, tag || image.manifest.digest);
  await push("charts/web", chart, "1.2.3");
}
