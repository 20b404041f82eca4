import { describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { parseTag } from "../oci/tag.ts";
import { putOf } from "./manifest-put.fixture.ts";
import type { ManifestPut, MetadataStore } from "./metadata.ts";

const NAME = "registry.test/team/app" as RepositoryName;
const OTHER = "registry.test/team/other" as RepositoryName;
const manifestOf = (text: string) => {
  const bytes = new TextEncoder().encode(text);
  return { digest: digestOf(bytes), mediaType: "application/vnd.oci.image.manifest.v1+json", bytes };
};

/** What `pushed.ts` promises, for one implementation. */
export function pushedContract(name: string, open: () => Promise<MetadataStore>): void {
  describe(name, () => {
    test("a pushed tag's manifest, what that names and what refers to it are pushed; a cached tag's are not", async () => {
      const store = await open();
      const put = (text: string, more: Partial<ManifestPut>) =>
        store.manifests.putManifest(NAME, putOf(manifestOf(text), more));
      const [image, index, signature] = [manifestOf("image"), manifestOf("index"), manifestOf("signature")];
      const layer = digestOf("layer");
      await put("image", { references: [layer] });
      await put("index", { references: [image.digest], tags: [parseTag("v1"), parseTag("latest")] });
      await put("signature", { subject: image.digest });
      await put("copy", { references: [digestOf("its layer"), layer], tags: [parseTag("c")], kind: "cached" });
      await put("alone", { references: [digestOf("layer of its own")] });
      const { pushed } = store;
      const options = { withReferrers: true };
      for (const digest of [image.digest, index.digest, signature.digest, layer]) {
        expect(await pushed.findPushedTag(NAME, digest, options)).toBe(parseTag("latest"));
        expect(await pushed.findPushedTag(OTHER, digest, options)).toBeNull();
      }
      const isMeant = (tag: string) => tag.startsWith("v");
      expect(await pushed.findPushedTag(NAME, layer, { isMeant })).toBe(parseTag("v1"));
      expect(await pushed.findPushedTag(NAME, layer, { isMeant: () => false })).toBeNull();
      expect(await pushed.findPushedTag(NAME, signature.digest)).toBeNull();
      const [copy, alone] = [manifestOf("copy"), manifestOf("alone")];
      for (const digest of [image.digest, signature.digest, layer, alone.digest, digestOf("layer of its own")]) {
        expect([digest, await pushed.isPushed(NAME, digest)]).toEqual([digest, true]);
        expect([digest, await pushed.isPushed(OTHER, digest)]).toEqual([digest, false]);
      }
      for (const digest of [copy.digest, digestOf("its layer")])
        expect(await pushed.isPushed(NAME, digest)).toBe(false);
      for (const digest of [...["copy", "alone"].map((text) => manifestOf(text).digest), digestOf("its layer")]) {
        expect(await pushed.findPushedTag(NAME, digest, options)).toBeNull();
      }
      await store.close();
    });

    test("among many that name a layer, the pushed one is found", async () => {
      const store = await open();
      const layer = digestOf("base");
      for (let at = 0; at < 50; at++) {
        const put = putOf(manifestOf(`image ${at}`), {
          references: [layer],
          tags: [parseTag(`c${at}`)],
          kind: "cached",
        });
        await store.manifests.putManifest(NAME, put);
      }
      expect(await store.pushed.findPushedTag(NAME, layer)).toBeNull();
      const put = putOf(manifestOf("image 31"), { references: [layer], tags: [parseTag("mine")] });
      await store.manifests.putManifest(NAME, put);
      expect(await store.pushed.findPushedTag(NAME, layer)).toBe(parseTag("mine"));
      await store.close();
    });
  });
}
