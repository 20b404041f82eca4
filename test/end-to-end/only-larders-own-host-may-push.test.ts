import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import type { ContainerClient } from "./container-client.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { writeContainersSettings } from "./containers-settings.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NAMES, CLIENT_NEEDS, type ClientName, startClients } from "./node-clients.ts";
import { digestInRegistry, skopeoOn } from "./skopeo.ts";

const SETUP_TIMEOUT_MS = 120_000;
const PUSH_TIMEOUT_MS = 60_000;

/** CRI has no push. */
const PUSHERS = CLIENT_NAMES.filter((name) => name !== "cri");
/** These send a manifest as they got it, the others write a new one of the layers that they unpacked. */
const KEEPS_MANIFESTS: readonly ClientName[] = ["skopeo", "ctr"];

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo").met)("a push", () => {
  let lab: NetworkLab;
  let closed: LabHost;
  let open: LabHost;
  let built: BuiltImage;
  let client: (name: ClientName) => ContainerClient;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    closed = await lab.addHost("closed");
    open = await lab.addHost("open");
    await startLarder(closed);
    await startLarder(open, "--open");
    const node = await lab.addHost("node");
    await node.setHostsFile({ "quay.io": [closed.ipv4], "registry.k8s.io": [open.ipv4] });
    const settings = { plainHttp: ["quay.io", "registry.k8s.io"], mirrors: {} };
    client = await startClients(node, { containers: settings, daemons: settings });
    built = await buildImage(await lab.makeFolder("images"), { name: "pushed", dataBytes: 12 * 1024 * 1024 });
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  test.each(["ipv4", "ipv6"] as const)(
    "from larder's own host is accepted over its %s address",
    async (family) => {
      await closed.setHostsFile({ "larder.example": [closed[family]] });
      await writeContainersSettings(closed, { plainHttp: ["larder.example:5000"], mirrors: {} });
      const image = `larder.example:5000/quay.io/own/over-${family}:1`;
      const skopeo = skopeoOn(closed);
      await skopeo.load(built, image);
      await skopeo.push(image);
      expect(await digestInRegistry(closed, `localhost:5000/quay.io/own/over-${family}:1`)).toBe(built.digest);
    },
    PUSH_TIMEOUT_MS,
  );

  for (const name of PUSHERS) {
    describe.skipIf(!requirement(...CLIENT_NEEDS[name]).met)(`from another host, with ${name}`, () => {
      test(
        "is refused, the client says why, and nothing is stored",
        async () => {
          const image = `quay.io/pushed/by-${name}:1`;
          await client(name).load(built, image);
          const refusal = await client(name)
            .push(image)
            .then(() => null, String);
          // ctr shows the status of a refusal, but not its message.
          expect(refusal).toMatch(name === "ctr" ? /403 Forbidden/ : /denied[\s\S]*--open/i);
          const stored = await digestInRegistry(closed, `localhost:5000/${image}`).catch(String);
          expect(stored).toMatch(/manifest unknown|name unknown/);
        },
        PUSH_TIMEOUT_MS,
      );

      test(
        "arrives when larder is open, and is pulled back the same",
        async () => {
          const image = `registry.k8s.io/pushed/by-${name}:1`;
          const configDigest = await client(name).load(built, image);
          await client(name).push(image);
          const digest = await digestInRegistry(open, `localhost:5000/${image}`);
          if (KEEPS_MANIFESTS.includes(name)) expect(digest).toBe(built.digest);
          await client(name).forgetAll();
          expect(await client(name).pull(image)).toEqual({ digest, configDigest });
          const files = await client(name).digestsOfFiles(image, [...built.files.keys()]);
          expect(files).toEqual([...built.files.values()]);
        },
        PUSH_TIMEOUT_MS,
      );
    });
  }
});
