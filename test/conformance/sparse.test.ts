import { expect, test } from "bun:test";
import { describeManifest, freshName, makeImage, makeIndex } from "./content-factory.ts";
import { startLarder } from "./larder-process.ts";
import { isForeignRegistry } from "./registry-under-test.ts";
import { manifestUrl, pushBlob, pushManifest, send } from "./registry-client.ts";

test.skipIf(isForeignRegistry)(
  "with --sparse, what was not pushed may be missing from an image and an index",
  async () => {
    const larder = await startLarder({ arguments: ["--sparse"] });
    try {
      const [name, image] = [freshName("sparse"), makeImage()];
      const [config] = image.blobs;
      if (config !== undefined) await pushBlob(larder.url, name, config);
      await pushManifest(larder.url, name, image.manifest, "v1");
      expect((await send("GET", manifestUrl(larder.url, name, "v1"))).bytes).toEqual(image.manifest.bytes);
      const index = makeIndex([image, makeImage()].map(({ manifest }) => describeManifest(manifest)));
      await pushManifest(larder.url, name, index, "v2");
      expect((await send("GET", manifestUrl(larder.url, name, "v2"))).bytes).toEqual(index.bytes);
    } finally {
      await larder.stop();
    }
  },
);
