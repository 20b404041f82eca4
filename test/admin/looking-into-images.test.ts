/** What is inside of images, as the admin API tells it: who shares layers, their files, and what refers to an image. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnswerOf, DocumentId, RequestOf } from "../../src/admin/contract.ts";
import { ISSUER, IDENTITY } from "../../src/signatures/sigstore.fixture.ts";
import { GuardedLarder } from "../access/guarded-larder.ts";
import { contentOf, describeManifest, makeIndex, missingDigest } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, send } from "../conformance/registry-client.ts";
import { imageOf, layerOf, makeShowcase, pushShowcase, type Showcase } from "./showcase-images.ts";

const TIMEOUT_MS = 60_000;
const PATHS = {
  listLayerSharing: "layer-sharing",
  listLayerFiles: "layer-files",
  readLayerText: "layer-texts",
  listReferrers: "referrers",
  listStatements: "statements",
} as const satisfies Partial<Record<DocumentId, string>>;
type Asked = keyof typeof PATHS;

function pathOf<Id extends Asked>(id: Id, request: RequestOf<Id>): string {
  const { image, ...query } = request as Readonly<Record<string, string | number>>;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) search.set(name, String(value));
  return `/api/v1/${PATHS[id]}/${image}?${search.toString()}`;
}

describe("what is inside of images", () => {
  let larder: LarderProcess;
  let showcase: Showcase;
  const ask = async <Id extends Asked>(id: Id, request: RequestOf<Id>): Promise<AnswerOf<Id>> => {
    const { status, text } = await send("GET", larder.url + pathOf(id, request));
    if (status !== 200) throw new Error(`${status} ${text}`);
    return JSON.parse(text) as AnswerOf<Id>;
  };
  const app = () => `local/team/app@${showcase.amd64.manifest.digest}`;
  const layer = (at: number) => showcase.amd64.blobs[at + 1]?.digest ?? "";

  beforeAll(async () => {
    [larder, showcase] = await Promise.all([
      startLarder({ environment: { LARDER_CHECK_ANSWERS: "1" } }),
      makeShowcase(),
    ]);
    await pushShowcase(showcase, (name, image, reference) => pushImage(larder.url, name, image, reference));
  }, TIMEOUT_MS);
  afterAll(() => larder.stop());

  test("each layer tells which other images have it", async () => {
    expect(await ask("listLayerSharing", { image: app() })).toEqual({
      name: app(),
      digest: showcase.amd64.manifest.digest,
      layers: [
        { digest: layer(0), imageCount: 1, isMore: false, images: ["local/team/base:1"] },
        { digest: layer(1), imageCount: 0, isMore: false, images: [] },
      ],
    });
    // One platform of an index is told of by the index's tag.
    const ofBase = await ask("listLayerSharing", { image: "local/team/base:1" });
    expect(ofBase.layers[0]?.images).toEqual(["local/team/app:1"]);
  });

  test("a layer's folders are listed, page by page, and texts of it read", async () => {
    const top = await ask("listLayerFiles", { image: app(), layer: layer(0) });
    expect(top.files.map(({ name, type, entryCount }) => [name, type, entryCount])).toEqual([
      ["bin", "directory", 2],
      ["etc", "directory", 1],
    ]);
    const page = await ask("listLayerFiles", { image: app(), layer: layer(0), folder: "bin", limit: 1 });
    expect([page.files.map(({ name }) => name), page.next, page.entryCount]).toEqual([["sh"], "sh", 2]);
    const rest = await ask("listLayerFiles", { image: app(), layer: layer(0), folder: "bin", limit: 1, after: "sh" });
    expect([rest.files.map(({ name }) => name), rest.next]).toEqual([["tool"], null]);
    const removed = await ask("listLayerFiles", { image: app(), layer: layer(1), folder: "etc" });
    expect(removed.files).toMatchObject([{ name: "os-release", type: "whiteout" }]);
    expect((await ask("readLayerText", { image: app(), layer: layer(0), path: "etc/os-release" })).text).toContain(
      "Showcase",
    );
    expect((await ask("readLayerText", { image: app(), layer: layer(0), path: "bin/tool" })).text).toBeNull();
  });

  test("an artifact's layer is looked into as well: a chart's files", async () => {
    const archive = showcase.chart.blobs[1]?.digest ?? "";
    const files = await ask("listLayerFiles", { image: "local/charts/web:1.2.3", layer: archive, folder: "web" });
    expect(files.files.map(({ name }) => name)).toEqual(["Chart.yaml", "values.yaml"]);
  });

  test("only what the image's manifest names is given, and byte for byte", async () => {
    const part = async (image: string, query: string) =>
      send("GET", `${larder.url}/api/v1/image-parts/${image}?part=${query}`);
    const [config] = showcase.amd64.blobs;
    const whole = await part(app(), config?.digest ?? "");
    expect([whole.status, contentOf(whole.bytes).digest]).toEqual([200, config?.digest ?? ""]);
    expect(whole.headers.get("content-disposition")).toBe("attachment");
    expect((await part(app(), `${config?.digest}&length=4`)).bytes.byteLength).toBe(4);
    const foreign = showcase.chart.blobs[0]?.digest ?? "";
    for (const [digest, code] of [
      [foreign, "BLOB_UNKNOWN"],
      [missingDigest(), "BLOB_UNKNOWN"],
      ["../../etc/passwd", "DIGEST_INVALID"],
    ] as const) {
      expect(JSON.parse((await part(app(), digest)).text)).toMatchObject({ code });
    }
    const none = await send("GET", larder.url + pathOf("listLayerFiles", { image: app(), layer: foreign }));
    expect([none.status, JSON.parse(none.text).code]).toEqual([404, "BLOB_UNKNOWN"]);
  });

  test("what refers to an image is told in words, however it is attached", async () => {
    const { referrers } = await ask("listReferrers", { image: "local/team/app:1" });
    expect(referrers.map(({ kind }) => kind).sort()).toEqual([
      "CycloneDX bill of materials",
      "SPDX bill of materials",
      "application/vnd.example.report+json",
      "cosign signature",
      "in-toto attestation",
      "sigstore bundle",
    ]);
    expect(
      referrers
        .filter(({ tag }) => tag !== null)
        .map(({ tag }) => tag?.split(".")[1] ?? "")
        .sort(),
    ).toEqual(["att", "sig"]);
    const pages = [];
    for (let after: string | undefined; ; ) {
      const page: AnswerOf<"listReferrers"> = await ask("listReferrers", {
        image: "local/team/app:1",
        limit: 4,
        ...(after === undefined ? {} : { after }),
      });
      pages.push(page.referrers);
      if (page.next === null) break;
      after = page.next;
    }
    expect(pages.map(({ length }) => length)).toEqual([4, 2]);
    expect(pages.flat()).toEqual([...referrers]);
  });

  test("signatures and attestations are undone from their envelopes", async () => {
    const statementsOf = async (wanted: string) => {
      const { referrers } = await ask("listReferrers", { image: "local/team/app:1" });
      const digest = referrers.find(({ kind }) => kind === wanted)?.digest ?? "";
      return (await ask("listStatements", { image: `local/team/app@${digest}` })).statements;
    };
    const signer = {
      subject: "CN=sigstore",
      issuer: "O=test, CN=fulcio",
      identities: [IDENTITY],
      provider: ISSUER,
    };
    const [simple] = await statementsOf("cosign signature");
    expect(simple).toMatchObject({ form: "simple", certificates: [signer], why: null });
    expect(simple?.payload).toContain(showcase.index.digest);
    expect(simple?.loggedAtMs).toBeGreaterThan(0);
    const [bundle] = await statementsOf("sigstore bundle");
    const predicateType = "https://sigstore.dev/cosign/sign/v1";
    expect(bundle).toMatchObject({ form: "bundle", predicateType, certificates: [signer], why: null });
    const [attested] = await statementsOf("in-toto attestation");
    expect(attested).toMatchObject({
      form: "envelope",
      predicateType: "https://slsa.dev/provenance/v0.2",
      certificates: [],
    });
    // What an index of BuildKit's lists beside images.
    const { statements } = await ask("listStatements", {
      image: `local/team/app@${showcase.provenance.manifest.digest}`,
    });
    expect(statements.map(({ form, predicateType }) => [form, predicateType])).toEqual([
      ["statement", "https://spdx.dev/Document"],
      ["statement", "https://slsa.dev/provenance/v1"],
    ]);
  });

  test("what the referrers tag lists and is not here is told of, and an envelope that is none says so", async () => {
    const subject = imageOf([await layerOf({ a: "b" })], "amd64");
    await pushImage(larder.url, "team/listed", subject, "1");
    const broken = imageOf([], "amd64");
    const bundle = contentOf("no JSON");
    const manifest = contentOf(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: broken.manifest.mediaType,
        artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
        config: JSON.parse(new TextDecoder().decode(broken.manifest.bytes)).config,
        layers: [{ mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", digest: bundle.digest, size: 7 }],
        subject: describeManifest(subject.manifest),
      }),
    );
    await pushImage(
      larder.url,
      "team/listed",
      {
        manifest: { ...manifest, mediaType: broken.manifest.mediaType },
        blobs: [...broken.blobs, bundle],
      },
      manifest.digest,
    );
    const { referrers } = await ask("listReferrers", { image: "local/team/listed:1" });
    expect(referrers).toMatchObject([{ kind: "sigstore bundle", isHere: true, sizeBytes: 7 }]);
    const { statements } = await ask("listStatements", { image: `local/team/listed@${manifest.digest}` });
    expect(statements).toMatchObject([
      { form: "other", payload: null, why: "it cannot be read: its bundle is not JSON" },
    ]);
    // A registry that refuses an index whose parts are missing has no other way to come by one than a client's list.
    const list = makeIndex([{ ...describeManifest(subject.manifest), artifactType: "application/spdx+json" }]);
    await pushImage(
      larder.url,
      "team/listed",
      { manifest: list, blobs: [] },
      subject.manifest.digest.replace(":", "-"),
    );
    const again = await ask("listReferrers", { image: "local/team/listed:1" });
    expect(again.referrers).toHaveLength(2);
  });

  test.each([
    ["listLayerFiles", "/api/v1/layer-files/local/nothing:1?layer=sha256:x", 404],
    ["a folder that is none", "/api/v1/layer-files/local/team/base:1?layer=x", 400],
    ["no layer", "/api/v1/layer-files/local/team/base:1", 400],
    ["referrers of what is not here", "/api/v1/referrers/local/nothing:1", 404],
    ["statements of what is not here", "/api/v1/statements/local/nothing:1", 404],
    ["a page behind what is no digest", "/api/v1/referrers/local/team/app:1?after=x", 400],
  ])("%s is refused", async (_, path, status) => {
    expect((await send("GET", larder.url + path)).status).toBe(status);
  });
});

test(
  "what somebody may not pull is neither named nor counted among those that share a layer, nor looked into",
  async () => {
    const guarded = await GuardedLarder.start(
      ["ann", "bob"],
      [
        { subject: "ann", allow: ["pull", "push"], names: ["local/**"] },
        { subject: "bob", allow: ["pull"], names: ["local/open/**"] },
      ],
    );
    try {
      const shared = await layerOf({ "etc/secret": "hush" });
      const image = (text: string) => imageOf([shared], "amd64", { config: { Labels: { text } } });
      const images = { "open/a": image("a"), "open/b": image("b"), "hidden/c": image("c") };
      for (const [name, one] of Object.entries(images)) await guarded.push("ann", name, one, "1");
      const sharing = async (user: string) => {
        const { text } = await guarded.as(user, "GET", pathOf("listLayerSharing", { image: "local/open/a:1" }));
        return JSON.parse(text).layers[0];
      };
      expect(await sharing("ann")).toMatchObject({ imageCount: 2, images: ["local/hidden/c:1", "local/open/b:1"] });
      expect(await sharing("bob")).toMatchObject({ imageCount: 1, isMore: false, images: ["local/open/b:1"] });
      const hidden = { image: "local/hidden/c:1", layer: shared.digest };
      for (const path of [
        pathOf("listLayerFiles", hidden),
        pathOf("listLayerFiles", { ...hidden, image: "local/hidden/none:1" }),
        pathOf("readLayerText", { ...hidden, path: "etc/secret" }),
        pathOf("listReferrers", hidden),
        pathOf("listStatements", hidden),
        pathOf("listLayerSharing", hidden),
        `/api/v1/image-parts/local/hidden/c:1?part=${shared.digest}`,
      ]) {
        expect([path, (await guarded.as("bob", "GET", path)).status]).toEqual([path, 403]);
        expect([path, (await guarded.as(null, "GET", path)).status]).toEqual([path, 401]);
      }
    } finally {
      await guarded.stop();
    }
  },
  TIMEOUT_MS,
);

test(
  "an image that lacks a signature that it must have is not looked into",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "larder-looking-"));
    const key = join(folder, "key.pub");
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    await writeFile(key, publicKey.export({ type: "spki", format: "pem" }));
    const config = join(folder, "larder.yaml");
    await writeFile(config, `require: [{ pattern: "local/prod/**", cosignKey: ${key} }]\n`);
    const larder = await startLarder({ arguments: ["--config", config] });
    try {
      const layer = await layerOf({ "etc/secret": "hush" });
      const image = imageOf([layer], "amd64");
      for (const name of ["prod/app", "free/app"]) await pushImage(larder.url, name, image, "1");
      const statuses = async (name: string) => {
        const asked = { image: `local/${name}:1`, layer: layer.digest };
        const paths = [
          pathOf("listLayerFiles", asked),
          pathOf("readLayerText", { ...asked, path: "etc/secret" }),
          `/api/v1/image-parts/local/${name}:1?part=${layer.digest}`,
        ];
        return Promise.all(paths.map(async (path) => (await send("GET", larder.url + path)).status));
      };
      expect(await statuses("prod/app")).toEqual([403, 403, 403]);
      expect(await statuses("free/app")).toEqual([200, 200, 200]);
    } finally {
      await larder.stop();
      await rm(folder, { recursive: true });
    }
  },
  TIMEOUT_MS,
);
