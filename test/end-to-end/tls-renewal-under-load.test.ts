import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { makeBlob } from "../conformance/content-factory.ts";
import { blobUrl, pushBlob } from "../conformance/registry-client.ts";
import { requirement } from "../requirement.ts";
import { type CertificateFolder, makeCertificateFolder } from "./certificate-folder.ts";
import { buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import { outputOf } from "./run-command.ts";

/** Larder looks at the files every 5 seconds. */
const RENEWAL_LIMIT_MS = 15_000;
const TEST_TIMEOUT_MS = 60_000;

describe.skipIf(!requirement(...IMAGE_NEEDS, "skopeo").met)("while clients pull over HTTPS", () => {
  let folder: string;
  let certificates: CertificateFolder;
  let larder: LarderProcess;
  let port: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-renewal-"));
    certificates = await makeCertificateFolder(folder);
    const files = ["--tls-cert", certificates.certPath, "--tls-key", certificates.keyPath];
    larder = await startLarder({ arguments: ["--https", "127.0.0.1:0", ...files] });
    port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(larder.output())?.[1]);
  });
  afterAll(async () => {
    await larder.stop();
    await rm(folder, { recursive: true });
  });

  test(
    "the certificate changes and no pull fails",
    async () => {
      const { layout } = await buildImage(folder, { name: "image" });
      const plain = larder.url.replace("http://", "");
      await outputOf(["skopeo", "copy", "--dest-tls-verify=false", `oci:${layout}:image`, `docker://${plain}/app:1`]);
      const blob = makeBlob(2_000_000);
      await pushBlob(larder.url, "load", blob);
      await mkdir(join(folder, "trust"));
      await writeFile(join(folder, "trust", "ca.crt"), certificates.authorityPem);

      const first = await presented();
      const end = new AbortController();
      const counts = { blobs: 0, images: 0 };
      const fetchBlobs = async () => {
        const tls = { ca: certificates.authorityPem };
        while (!end.signal.aborted) {
          const response = await fetch(blobUrl(`https://127.0.0.1:${port}`, "load", blob.digest), { tls });
          expect((await response.bytes()).length).toBe(blob.bytes.length);
          counts.blobs++;
        }
      };
      const pullImages = async (name: string) => {
        const from = ["--src-cert-dir", join(folder, "trust"), `docker://127.0.0.1:${port}/app:1`];
        for (let number = 0; !end.signal.aborted; number++) {
          await outputOf(["skopeo", "copy", "--quiet", ...from, `dir:${join(folder, `${name}-${number}`)}`]);
          counts.images++;
        }
      };
      const load = Promise.all([fetchBlobs(), fetchBlobs(), fetchBlobs(), pullImages("a"), pullImages("b")]);
      await certificates.renew();
      const deadline = Date.now() + RENEWAL_LIMIT_MS;
      while ((await presented()) === first && Date.now() < deadline) await Bun.sleep(100);
      expect(await presented()).not.toBe(first);
      await Bun.sleep(1_500);
      end.abort();
      await load;
      expect(counts.blobs).toBeGreaterThan(10);
      expect(counts.images).toBeGreaterThan(3);
    },
    TEST_TIMEOUT_MS,
  );

  /** The fingerprint of the certificate that a new connection sees. */
  function presented(): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, ca: certificates.authorityPem }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.once("error", reject);
    });
  }
});
