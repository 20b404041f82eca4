import { expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { MEDIA_TYPE } from "../oci/media-type.ts";
import { isAttachment } from "./attachment-layers.ts";

const descriptor = (mediaType: string) => ({ mediaType, digest: digestOf(mediaType), size: 1 });

function read(layers: readonly string[], more: Readonly<Record<string, unknown>> = {}) {
  const fields = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config: descriptor(MEDIA_TYPE.ociConfig) };
  return parseManifest(Buffer.from(JSON.stringify({ ...fields, layers: layers.map(descriptor), ...more })), null);
}

const SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json";
const TAR = "application/vnd.oci.image.layer.v1.tar+gzip";

test("signatures, attestations and bills of materials are known by what is in them", () => {
  for (const type of [
    SIGNATURE,
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/jose+json",
    "application/cose",
    "application/vnd.dsse.envelope.v1+json",
    "application/spdx+json",
  ]) {
    expect([type, isAttachment(read([type, type]))]).toEqual([type, true]);
  }
});

test("what somebody could run is none, whatever it calls itself", () => {
  const subject = descriptor(MEDIA_TYPE.ociManifest);
  const artifactType = "application/vnd.dev.sigstore.bundle.v0.3+json";
  for (const layers of [[], [TAR], [SIGNATURE, TAR], ["application/vnd.cncf.helm.chart.content.v1.tar+gzip"]]) {
    expect(isAttachment(read(layers, { subject, artifactType }))).toBe(false);
  }
  expect(isAttachment(read([SIGNATURE], { config: descriptor(MEDIA_TYPE.dockerConfig) }))).toBe(false);
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [], artifactType };
  expect(isAttachment(parseManifest(Buffer.from(JSON.stringify(index)), null))).toBe(false);
});
