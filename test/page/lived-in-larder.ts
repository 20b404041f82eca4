/** A larder that looks as if people worked with it: images of several registries, nodes that pull, users, recordings, and an endpoint that fails. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { TestSigstore } from "../../src/signatures/sigstore.fixture.ts";
import { attachmentOf, imageOf, layerOf, spdxOf } from "../admin/showcase-images.ts";
import { basicOf } from "../access/guarded-larder.ts";
import { LARDER } from "../command-line/run-larder.ts";
import {
  type Content,
  describeManifest,
  type Image,
  makeBlob,
  makeIndex,
  type ManifestContent,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { blobUrl, manifestUrl, send } from "../conformance/registry-client.ts";
import { outputOf } from "../end-to-end/run-command.ts";

/** What it is called. */
export const HOST = "larder.example";
/** Who administers it, and the password. */
export const ADMINISTRATOR = { name: "anna", password: "a long password" } as const;
/** An image of its own with two platforms, a signature and a bill of materials. */
export const SIGNED_IMAGE = "local/shop/web:2.4.1";

const MIB = 1 << 20;
const REGISTRIES: Readonly<Record<string, string>> = {
  "docker.io": "registry-1.docker.io",
  "quay.io": "quay.io",
  "registry.k8s.io": "registry.k8s.io",
};
/** What upstream registries have: name, tag, size in MiB, platforms. */
const UPSTREAM_IMAGES: readonly (readonly [name: string, tag: string, mib: number, platforms: string])[] = [
  ["docker.io/library/nginx", "1.27", 24, "amd64 arm64"],
  ["docker.io/library/postgres", "17.2", 48, "amd64 arm64"],
  ["docker.io/library/redis", "7.4", 14, "amd64 arm64"],
  ["docker.io/library/traefik", "v3.2", 19, "amd64 arm64"],
  ["docker.io/library/alpine", "3.20", 3, "amd64 arm64 arm"],
  ["docker.io/library/busybox", "1.37", 2, "amd64"],
  ["docker.io/grafana/grafana", "11.3.1", 36, "amd64 arm64"],
  ["quay.io/prometheus/prometheus", "v2.55.1", 29, "amd64 arm64"],
  ["quay.io/cilium/cilium", "v1.16.4", 41, "amd64 arm64"],
  ["quay.io/jetstack/cert-manager-controller", "v1.16.2", 17, "amd64"],
  ["registry.k8s.io/pause", "3.10", 1, "amd64 arm64"],
  ["registry.k8s.io/kube-apiserver", "v1.31.3", 27, "amd64 arm64"],
  ["registry.k8s.io/kube-proxy", "v1.31.3", 25, "amd64 arm64"],
  ["registry.k8s.io/coredns/coredns", "v1.11.3", 16, "amd64 arm64"],
];
/** Pulled slowly, so that it is on its way while somebody looks. */
const SLOW_IMAGE = ["docker.io/library/mariadb", "11.6", 64] as const;
const NODES = ["10.20.0.11", "10.20.0.12", "10.20.0.13", "10.20.0.14", "10.20.3.201", "fd20::b1"] as const;
const CLIENTS = ["containerd/v2.0.0", "cri-o/1.31.2 go/go1.23.3 os/linux arch/amd64", "docker/27.3.1 go/go1.22.7"];

type Held = { readonly top: ManifestContent; readonly images: readonly Image[] };

export class LivedInLarder {
  readonly larder: LarderProcess;
  readonly #folder: string;
  readonly #internet: Internet;

  private constructor(larder: LarderProcess, folder: string, internet: Internet) {
    this.larder = larder;
    this.#folder = folder;
    this.#internet = internet;
  }

  /** Starts it, on a free port, and lets people work with it. */
  static async start(http = "127.0.0.1:0"): Promise<LivedInLarder> {
    const internet = await Internet.start();
    const folder = await mkdtemp(join(tmpdir(), "larder-lived-in-"));
    const config = join(folder, "larder.yaml");
    await writeFile(config, stringify(settings()));
    const proxy = { http_proxy: internet.url, no_proxy: "" };
    const upstreams = Object.entries(REGISTRIES).flatMap(([name, host]) => ["--upstream", `${name}=http://${host}`]);
    const larder = await startLarder({
      http,
      arguments: ["--config", config, ...upstreams, ...Object.keys(REGISTRIES).flatMap((name) => ["--stand-in", name])],
      environment: proxy,
    });
    const lab = new LivedInLarder(larder, folder, internet);
    await lab.#live();
    return lab;
  }

  async stop(): Promise<void> {
    this.#internet.release();
    await this.larder.stop();
    await this.#internet.stop();
    await rm(this.#folder, { recursive: true });
  }

  async #live(): Promise<void> {
    await this.#setPeopleUp();
    await this.#pushOwn();
    for (const [at, [name, tag]] of UPSTREAM_IMAGES.entries()) {
      for (let node = 0; node <= at % NODES.length; node++) await this.#pull(name, tag, node);
      // What nodes pull from here on is recorded.
      if (at === 4) await this.#verb("record", "start", "production", "--from", "10.20.0.0/16");
    }
    await this.#pull("local/shop/web", "2.4.1", 0);
    await this.#verb("pin", "registry.k8s.io/pause:3.10");
    await this.#verb("record", "start", "staging");
    await this.#pull("local/shop/api", "1.9.0", 4);
    await this.#verb("record", "stop", "staging");
  }

  async #setPeopleUp(): Promise<void> {
    await this.#verbWith(ADMINISTRATOR.password, "user", "add", ADMINISTRATOR.name, "--password-stdin", "--allow", "*");
    await this.#verbWith(
      "x".repeat(20),
      "user",
      "add",
      "jonas",
      "--password-stdin",
      "--allow",
      "pull,push:shop/**",
      "--allow",
      "pull:docker.io/**",
    );
    await this.#verbWith("y".repeat(20), "user", "add", "maria", "--password-stdin");
    await this.#verb("token", "create", "--name", "ci-shop", "--allow", "pull,push:shop/**", "--expires", "90d");
    await this.#verb("token", "create", "--name", "cluster-eu", "--allow", "pull:**", "--expires", "365d");
  }

  async #pushOwn(): Promise<void> {
    const push = (name: string, image: Image, reference: string) => this.#push(name, image, reference);
    const web = await ownImage("web", 21);
    for (const image of web.images) await push("shop/web", image, image.manifest.digest);
    for (const tag of ["2.4.0", "2.4.1"]) await push("shop/web", { manifest: web.top, blobs: [] }, tag);
    const { digest } = web.top;
    const bundle = new TestSigstore().bundle({ digest });
    await this.#attach("shop/web", attachmentOf(web.top, bundle.mediaType, [bundle]));
    const bill = { mediaType: "application/spdx+json", bytes: Buffer.from(JSON.stringify(spdxOf(PACKAGES))) };
    await this.#attach("shop/web", attachmentOf(web.top, bill.mediaType, [bill]));
    for (const [name, tag, mib] of [
      ["shop/api", "1.9.0", 12],
      ["shop/payments", "0.12.3", 9],
      [LONG_NAME, LONG_TAG, 4],
    ] as const) {
      const [image] = (await ownImage(name, mib)).images;
      if (image !== undefined) await push(name, image, tag);
    }
  }

  #attach(name: string, image: Image): Promise<void> {
    return this.#push(name, image, image.manifest.digest);
  }

  /** Pushes as the administrator. */
  async #push(name: string, { blobs, manifest }: Image, reference: string): Promise<void> {
    const Authorization = basicOf(ADMINISTRATOR.name, ADMINISTRATOR.password);
    const demand = async (method: string, path: string, type: string, { bytes }: Content) => {
      const headers = { Authorization, "Content-Type": type };
      const { status, text } = await send(method, `${this.larder.url}/v2/${name}/${path}`, { headers, body: bytes });
      if (status !== 201) throw new Error(`${name}: ${status} ${text}`);
    };
    for (const blob of blobs)
      await demand("POST", `blobs/uploads/?digest=${blob.digest}`, "application/octet-stream", blob);
    await demand("PUT", `manifests/${reference}`, manifest.mediaType, manifest);
  }

  async #pull(name: string, tag: string, node: number): Promise<void> {
    const headers = {
      "X-Forwarded-For": NODES[node] ?? NODES[0],
      "User-Agent": CLIENTS[node % CLIENTS.length] ?? "",
    };
    const top = await send("GET", manifestUrl(this.larder.url, name, tag), { headers });
    if (top.status !== 200) throw new Error(`${name}:${tag}: ${top.status} ${top.text}`);
    const index = JSON.parse(top.text) as Pulled & { manifests?: { digest: string }[] };
    const child = index.manifests?.[0]?.digest;
    const image: Pulled =
      child === undefined
        ? index
        : JSON.parse((await send("GET", manifestUrl(this.larder.url, name, child), { headers })).text);
    for (const { digest } of [...(image.config === undefined ? [] : [image.config]), ...(image.layers ?? [])])
      await send("GET", blobUrl(this.larder.url, name, digest), { headers });
  }

  /** A pull that goes on until larder stops. */
  async pullSlowly(): Promise<void> {
    const [name, tag] = SLOW_IMAGE;
    void this.#pull(name, tag, 2).catch(() => {});
    await this.#internet.isUnderWay;
  }

  #verb(...argv: readonly string[]): Promise<string> {
    return this.#verbWith("", ...argv);
  }

  #verbWith(input: string, ...argv: readonly string[]): Promise<string> {
    const environment = { HOME: this.#folder, RUNTIME_DIRECTORY: this.larder.runtimeFolder };
    return outputOf([LARDER, ...argv], { environment, input });
  }
}

type Pulled = { readonly config?: { digest: string }; readonly layers?: readonly { digest: string }[] };

const LONG_NAME = "platform/payments/fraud-detection-service-integration-tests";
const LONG_TAG = "feature-pay-12345-retry-on-timeouts-20261128";
const PACKAGES = [
  ["nodejs", "22.11.0", "MIT"],
  ["openssl", "3.3.2", "Apache-2.0"],
  ["musl", "1.2.5", "MIT"],
  ["zlib", "1.3.1", "Zlib"],
] as const;

function settings(): object {
  const ignore = { actions: ["pull"] };
  return {
    names: [HOST],
    publicUrl: `http://${HOST}`,
    trustedProxies: ["127.0.0.1"],
    auth: {
      rules: [
        { subject: "anonymous", allow: ["pull"], names: ["**"] },
        { subject: "maria", allow: ["pull", "push"], names: ["platform/**"] },
      ],
    },
    maxSize: "2GB",
    notifications: {
      endpoints: [
        { name: "deploy", url: "http://deploy.example/hooks/registry", ignore },
        { name: "builds", url: "http://ci.example/events", format: "cloudevents", ignore },
      ],
    },
  };
}

const STEPS = [
  { created_by: "/bin/sh -c #(nop) ADD file:5758b97d8301c84a204a6e516241275d785a7cade40b2fb99f01fe122482e283 in / " },
  { created_by: "ENV NODE_VERSION=22.11.0", empty_layer: true },
  { created_by: "RUN /bin/sh -c apk add --no-cache libstdc++ openssl # buildkit", comment: "buildkit.dockerfile.v0" },
  { created_by: "COPY dist /srv/app # buildkit", comment: "buildkit.dockerfile.v0" },
  { created_by: 'CMD ["node" "/srv/app/server.js"]', empty_layer: true },
];

/** An image for two platforms with a large layer and some small ones, and the steps that made them. */
async function ownImage(name: string, mib: number): Promise<Held> {
  const images: Image[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const base = makeBlob(3 * MIB);
    const app = await layerOf({
      "srv/app/": null,
      "srv/app/server.js": `// ${name}\n`.repeat(200),
      "srv/app/package.json": JSON.stringify({ name, version: "2.4.1" }),
    });
    images.push(
      imageOf([base, makeBlob(mib * MIB), app], architecture, {
        created: "2026-11-21T08:14:00Z",
        history: STEPS,
        config: {
          User: "node",
          Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_VERSION=22.11.0"],
          Cmd: ["node", "/srv/app/server.js"],
          WorkingDir: "/srv/app",
          ExposedPorts: { "8080/tcp": {} },
          Labels: { "org.opencontainers.image.source": `https://git.example/shop/${name}` },
        },
      }),
    );
  }
  return { top: indexOf(images, ["amd64", "arm64"]), images };
}

function indexOf(images: readonly Image[], architectures: readonly string[]): ManifestContent {
  return makeIndex(
    images.map(({ manifest }, at) =>
      describeManifest(manifest, { platform: { os: "linux", architecture: architectures[at] ?? "amd64" } }),
    ),
  );
}

/** What is beyond larder: a proxy that is every registry and every receiver of notifications. */
class Internet {
  readonly url: string;
  readonly isUnderWay: Promise<void>;
  readonly #server: ReturnType<typeof createServer>;
  readonly #contents: ReadonlyMap<string, Content & { mediaType?: string }>;
  readonly #slow: string;
  readonly #begun = Promise.withResolvers<void>();
  readonly #release = Promise.withResolvers<void>();

  private constructor(server: ReturnType<typeof createServer>, contents: ReadonlyMap<string, Content>, slow: string) {
    this.#server = server;
    this.#contents = contents;
    this.#slow = slow;
    this.isUnderWay = this.#begun.promise;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (request, response) => this.#answer(request, response));
  }

  static async start(): Promise<Internet> {
    const contents = new Map<string, Content>();
    let slow = "";
    const [slowName, slowTag, slowMib] = SLOW_IMAGE;
    for (const [full, tag, mib, platforms] of [...UPSTREAM_IMAGES, [slowName, slowTag, slowMib, "amd64"] as const]) {
      const slash = full.indexOf("/");
      const path = `${REGISTRIES[full.slice(0, slash)]}/v2${full.slice(slash)}`;
      const architectures = platforms.split(" ");
      const images = architectures.map((architecture) =>
        imageOf([makeBlob((mib * MIB) / 4), makeBlob((mib * MIB * 3) / 4)], architecture, {
          created: "2026-11-12T00:00:00Z",
        }),
      );
      for (const { manifest, blobs } of images) {
        contents.set(`${path}/manifests/${manifest.digest}`, manifest);
        for (const blob of blobs) contents.set(`${path}/blobs/${blob.digest}`, blob);
      }
      const top = indexOf(images, architectures);
      for (const reference of [tag, top.digest]) contents.set(`${path}/manifests/${reference}`, top);
      if (full === slowName) slow = `${path}/blobs/${images[0]?.blobs[2]?.digest}`;
    }
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Internet(server, contents, slow);
  }

  release(): void {
    this.#release.resolve();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { host, pathname } = new URL(request.url ?? "/", `http://${request.headers.host}`);
    request.resume();
    if (host === "ci.example") return void response.writeHead(204).end();
    if (host === "deploy.example") return void response.writeHead(422).end("no such project");
    if (pathname === "/v2/") return void response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    const content = this.#contents.get(host + pathname);
    if (content === undefined) return void response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": content.mediaType ?? "application/octet-stream",
      "Content-Length": content.bytes.length,
      "Docker-Content-Digest": content.digest,
    });
    if (request.method === "HEAD") return void response.end();
    if (host + pathname !== this.#slow) return void response.end(content.bytes);
    response.write(content.bytes.subarray(0, (content.bytes.length * 5) / 8));
    this.#begun.resolve();
    void this.#release.promise.then(() => response.end(content.bytes.subarray((content.bytes.length * 5) / 8)));
  }
}
