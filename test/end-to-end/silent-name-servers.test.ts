/**
 * The machine's own name servers swallow all questions, as when the way to the internet is gone: whoever asks for what
 * upstream alone can have is told so after a while, and nobody else notices.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";

const UPSTREAMS = ["docker.io", "quay.io", "ghcr.io", "registry.k8s.io", "registry.example.com"];
/** More than larder waits for a name, less than a system's own library does. */
const TIMEOUT_MS = 60_000;

describe.skipIf(!requirement(...LAB_NEEDS).met)("while the machine's name servers are silent", () => {
  let lab: NetworkLab;
  let host: LabHost;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    host = await lab.addHost("larder");
    const { ipv4 } = await lab.addVoid(host);
    await host.writeFile("/etc/resolv.conf", `search corp.example\nnameserver ${ipv4}\n`);
    await startLarder(host, ...UPSTREAMS.flatMap((name) => ["--upstream", `${name}=https://${name}`]));
  }, TIMEOUT_MS);
  afterAll(() => lab.close());

  /** Runs a program on larder's host; what it prints is the outcome. */
  const run = (script: string) => host.exec([process.execPath, "--eval", `${PRELUDE}${script}`], { timeoutMs: 40_000 });

  test(
    "an image is pushed and pulled before those are answered who ask upstream",
    async () => {
      const script = `
        const cold = names.map((name) => ask("GET", "/v2/" + name + "/team/app/manifests/1"));
        const asked = Promise.race(cold).then(() => "they were answered first");
        await Bun.sleep(100); // So that all of them are on their way.
        const own = async () => {
          for (let round = 0; round < 5; round++) await pushAndPull("own/app" + round);
          return "the image was there first";
        };
        console.log(await Promise.race([own(), asked]));
        console.log((await Promise.all(cold)).map(({ status }) => status).join(" "));`;
      const [first, statuses] = (await run(script)).trim().split("\n");
      expect(first).toBe("the image was there first");
      expect(statuses).toBe(UPSTREAMS.map(() => "502").join(" "));
    },
    TIMEOUT_MS,
  );
});

const PRELUDE = `
  const names = ${JSON.stringify(UPSTREAMS)};
  const ask = async (method, path, init = {}) => {
    const response = await fetch("http://127.0.0.1:5000" + path, { method, ...init });
    return { status: response.status, bytes: await response.bytes() };
  };
  const digestOf = (bytes) => "sha256:" + new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
  const expectStatus = (wanted, { status }) => {
    if (status !== wanted) throw new Error(status + " instead of " + wanted);
  };
  const pushAndPull = async (name) => {
    const layer = crypto.getRandomValues(new Uint8Array(50_000));
    const digest = digestOf(layer);
    expectStatus(201, await ask("POST", "/v2/" + name + "/blobs/uploads/?digest=" + digest, { body: layer }));
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const descriptor = { mediaType: "application/octet-stream", digest, size: layer.byteLength };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: descriptor, layers: [descriptor] });
    const headers = { "Content-Type": mediaType };
    expectStatus(201, await ask("PUT", "/v2/" + name + "/manifests/1", { body: manifest, headers }));
    expectStatus(200, await ask("GET", "/v2/" + name + "/manifests/1"));
    expectStatus(200, await ask("GET", "/v2/" + name + "/blobs/" + digest));
  };
`;
