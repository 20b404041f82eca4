/** Debian's docker-registry behind a token service: an image that everybody may pull, and one for a user alone. */
import { systemClock } from "../../src/lib/async/clock.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { type Namespace, parseRepositoryPath } from "../../src/oci/repository-name.ts";
import { parseTag } from "../../src/oci/tag.ts";
import { fixedCredentials } from "../../src/upstream/auth/credentials.ts";
import { startTokenService, type TestTokenService, USER } from "../../src/upstream/auth/token-service.fixture.ts";
import { type DockerRegistry, startDockerRegistry } from "../../src/upstream/docker-registry.fixture.ts";
import { openRegistry } from "../../src/upstream/open-registry.ts";
import { makeCertificate } from "../../src/upstream/transport/certificate.fixture.ts";
import { systemResolver } from "../../src/upstream/transport/host-resolver.ts";
import { contentOf, descriptorOf, type Image, makeManifest, TYPE } from "../conformance/content-factory.ts";

/** The repository that everybody may pull from, and the user's. Each has the tag `1`. */
export const PUBLIC = "public/app";
export const PRIVATE = "private/app";

export class PrivateRegistry {
  readonly tokens: TestTokenService;
  readonly images: Readonly<Record<typeof PUBLIC | typeof PRIVATE, Image>>;
  readonly #registry: DockerRegistry;

  private constructor(tokens: TestTokenService, registry: DockerRegistry) {
    this.tokens = tokens;
    this.#registry = registry;
    this.images = { [PUBLIC]: unpackable(PUBLIC, 1024), [PRIVATE]: unpackable(PRIVATE, 2048) };
  }

  static async start(): Promise<PrivateRegistry> {
    const certificate = await makeCertificate("DNS:tokens.test");
    const tokens = startTokenService(certificate);
    const auth = { kind: "token", realm: tokens.realm, cert: certificate.cert } as const;
    const started = new PrivateRegistry(tokens, await startDockerRegistry(auth));
    for (const [path, image] of Object.entries(started.images)) await started.#publish(path, image);
    return started;
  }

  get url(): string {
    return this.#registry.url;
  }

  async stop(): Promise<void> {
    await this.#registry.stop();
    this.tokens.stop();
  }

  async #publish(path: string, image: Image): Promise<void> {
    const namespace = "registry.test" as Namespace;
    const client = openRegistry({
      namespace,
      endpoint: { url: this.url },
      credentials: fixedCredentials(namespace, USER.username, USER.password),
      resolver: systemResolver(systemClock.elapsed),
      instanceId: "test",
      userAgent: "test",
      clock: systemClock,
    });
    for (const { bytes } of image.blobs) {
      const open = async (offset: number) => new Blob([bytes.slice(offset)]).stream();
      const blob = { digest: digestOf(bytes), sizeBytes: bytes.byteLength, open };
      await client.pushBlob(parseRepositoryPath(path), blob);
    }
    await client.putManifest(parseRepositoryPath(path), parseTag("1"), image.manifest);
  }
}

/** An image that runtimes unpack: its one layer is an empty archive, and its config says so. */
function unpackable(name: string, layerBytes: number): Image {
  const layer = contentOf(new Uint8Array(layerBytes));
  const rootfs = { type: "layers", diff_ids: [layer.digest] };
  const config = contentOf(
    JSON.stringify({ architecture: "amd64", os: "linux", config: { Labels: { name } }, rootfs }),
  );
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: [descriptorOf(layer, "application/vnd.oci.image.layer.v1.tar")],
    annotations: { name },
  });
  return { manifest, blobs: [config, layer] };
}
