/** larder's image in podman: pulled from a larder, and run in each of the ways that people run a registry in. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { buildImage as buildSmallImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import type { CommandResult } from "../end-to-end/run-command.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import { LAB_NEEDS, NetworkLab } from "../end-to-end/network-lab.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { type BuiltImage, builtImage } from "./built-image.ts";
import { type ImageRegistry, startImageRegistry } from "./image-registry.ts";
import { runDocker, writePodmanSettings } from "./podman-as-docker.ts";

const LIMIT_MS = 300_000;
const lab = requirement(
  ...LAB_NEEDS,
  ...IMAGE_NEEDS,
  "podman",
  "runc",
  "conmon",
  "skopeo",
  "openssl",
  "iptables",
  "curl",
);

describe.skipIf(!lab.met)("larder's image in podman", () => {
  let network: NetworkLab;
  let built: BuiltImage;
  let images: ImageRegistry;
  let host: LabHost;
  let layout: string;
  beforeAll(async () => {
    built = await builtImage();
    network = await NetworkLab.create();
    images = await startImageRegistry(network, built);
    host = await network.addHost("node");
    await writePodmanSettings(host, [images.server, "127.0.0.1:5000"]);
    layout = (await buildSmallImage(host.folder, { name: "app", dataBytes: 1000 })).layout;
    await docker(`docker pull -q ${images.image}; docker pull -q ${images.image}-registry
      docker tag ${images.image} larder; docker tag ${images.image}-registry larder:registry`);
  }, LIMIT_MS);
  afterEach(() => docker("docker rm -f -v -a; docker volume rm -a -f"), LIMIT_MS);
  afterAll(async () => {
    await network?.close();
    await built?.close();
  });

  /** Runs lines of a shell in which docker is podman. Throws with what they printed when one fails. */
  const docker = (lines: string): Promise<string> => runDocker(host, lines);
  const tryDocker = async (lines: string): Promise<CommandResult> =>
    host.run(["sh", "-c", `${lines} 2>&1`], {
      environment: { PATH: `${host.folder}/bin:${process.env["PATH"] ?? ""}` },
    });

  /** Waits until the registry answers, as somebody on the machine. */
  const answers = (url: string) =>
    until(`${url} answers`, async () => (await host.run(["curl", "-skf", "-m", "5", `${url}/v2/`])).status === 0);
  const push = (address: string, ...flags: string[]) =>
    host.exec(["skopeo", "copy", "-q", ...flags, `oci:${layout}:image`, `docker://${address}/app:1`]);
  const pull = (address: string, ...flags: string[]) =>
    host.exec(["skopeo", "inspect", ...flags, `docker://${address}/app:1`]);

  test(
    "runs without root, rights and a root to write to: is pushed to, pulled from, converts, stops, and keeps all",
    async () => {
      await docker(`docker run -d --name r -p 5000:5000 --read-only --cap-drop=all -v data:/var/lib/registry larder`);
      await answers("http://127.0.0.1:5000");
      await push("127.0.0.1:5000");
      await pull("127.0.0.1:5000");
      expect(
        await host.exec(["curl", "-sf", "http://127.0.0.1:5000/aci/app:1.aci", "-o", join(host.folder, "a.aci")]),
      ).toBe("");
      expect((await stat(join(host.folder, "a.aci"))).size).toBeGreaterThan(1000);
      expect(await docker("docker exec r larder ls")).toContain("app:1");
      await docker("docker stop -t 20 r");
      // 137: it had to be killed.
      expect((await docker("docker inspect -f '{{.State.ExitCode}}' r")).trim()).toBe("0");
      await docker("docker start r");
      await answers("http://127.0.0.1:5000");
      await pull("127.0.0.1:5000");
    },
    LIMIT_MS,
  );

  test(
    "runs as any user, with a volume that podman makes",
    async () => {
      await docker("docker run -d --name r -p 5000:5000 --user 12345 larder");
      await answers("http://127.0.0.1:5000");
      await push("127.0.0.1:5000");
      await docker("docker exec r larder has app:1");
    },
    LIMIT_MS,
  );

  test(
    "says what to do with a folder of root's, and does it by each of the ways that it names",
    async () => {
      const folder = join(host.folder, "data");
      await mkdir(folder, { mode: 0o755 });
      const refused = await tryDocker(`docker run --name r -v ${folder}:/var/lib/registry larder`);
      expect([refused.status, refused.output]).toEqual([1, expect.stringContaining("chown -R 65532:65532")]);
      expect(refused.output).toContain("ends in -registry");
      await docker(`docker rm r; docker run -d --name r -p 5000:5000 -v ${folder}:/var/lib/registry larder:registry`);
      await answers("http://127.0.0.1:5000");
      await docker(`docker rm -f -t 20 r; chown -R 65532:65532 ${folder}`);
      await docker(`docker run -d --name r -p 5000:5000 -v ${folder}:/var/lib/registry larder`);
      await answers("http://127.0.0.1:5000");
    },
    LIMIT_MS,
  );

  test(
    "says what to do about a port below 1024, and does it by each of the ways that it names",
    async () => {
      const refused = await tryDocker("docker run --name r -e REGISTRY_HTTP_ADDR=:80 larder");
      expect([refused.status, refused.output]).toEqual([1, expect.stringContaining("-p 80:5000")]);
      for (const way of ["-p 80:5000 larder", "-p 80:80 -e REGISTRY_HTTP_ADDR=:80 --cap-add=NET_BIND_SERVICE larder"]) {
        await docker(`docker rm -f r; docker run -d --name r ${way}`);
        await answers("http://127.0.0.1:80");
      }
    },
    LIMIT_MS,
  );

  test(
    "stands in for registry:2 in a line for a plain registry on port 80",
    async () => {
      await docker(`docker run -d --restart=always --name registry \\
        -e REGISTRY_STORAGE_DELETE_ENABLED=true \\
        -e REGISTRY_HTTP_ADDR=:80 larder:registry`);
      const address = (await docker("docker inspect -f '{{.NetworkSettings.IPAddress}}' registry")).trim();
      await answers(`http://${address}`);
      await push(`${address}:80`, "--dest-tls-verify=false");
      await host.exec(["skopeo", "delete", "--tls-verify=false", `docker://${address}:80/app:1`]);
      await docker("docker container stop registry; docker container rm -v registry");
    },
    LIMIT_MS,
  );

  test(
    "stands in for it in a line for a secure one, with a key that root alone can read",
    async () => {
      const certd = join(host.folder, "certs");
      await docker(`mkdir ${certd}; umask 077; openssl genrsa -out ${certd}/docker.key 2048 2>&1
        openssl req -new -x509 -sha256 -key ${certd}/docker.key -out ${certd}/docker.crt -days 3650 -subj /CN=registry
        docker run -d --restart=always --name registry \\
          -v ${certd}:/certs \\
          -e REGISTRY_HTTP_ADDR=:443 \\
          -e REGISTRY_HTTP_TLS_CERTIFICATE=/certs/docker.crt \\
          -e REGISTRY_HTTP_TLS_KEY=/certs/docker.key \\
          -e REGISTRY_STORAGE_DELETE_ENABLED=true \\
          larder:registry`);
      const address = (await docker("docker inspect -f '{{.NetworkSettings.IPAddress}}' registry")).trim();
      await answers(`https://${address}`);
      await push(address, "--dest-tls-verify=false");
    },
    LIMIT_MS,
  );
});
