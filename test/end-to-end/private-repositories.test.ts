/** Where nobody pulls without a login: each client pulls with the right one, and not as nobody, with a wrong one, or elsewhere. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { findGoProgram, type GoProgramName } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { SOCKET } from "./containerd.ts";
import { pullByCri } from "./cri.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NEEDS, type ClientName, startClients } from "./node-clients.ts";
import type { ContainerClient } from "./container-client.ts";

const REGISTRY = "larder.example:5000";
const IMAGE = `${REGISTRY}/team/app:1`;
/** Of somebody else's. */
const OTHER = `${REGISTRY}/other/app:1`;
/** What people have, and what splits where it must not. */
const PASSWORD = "pä:ss:wörd ☃";
const SETUP_TIMEOUT_MS = 240_000;
const TIMEOUT_MS = 180_000;
const REFUSED = /unauthori[sz]ed|40[13]|wrong|denied|authentication required/i;

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo").met)("private repositories", () => {
  let lab: NetworkLab;
  let node: LabHost;
  let built: BuiltImage;
  let client: (name: ClientName) => ContainerClient;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    const registry = await lab.addHost("registry");
    const [htpasswd = "", config = ""] = ["htpasswd", "larder.yaml"].map((name) => join(registry.folder, name));
    const hash = async (password: string) =>
      (await Bun.password.hash(password, { algorithm: "bcrypt", cost: 5 })).replace("$2b$", "$2y$");
    await writeFile(htpasswd, `bob:${await hash(PASSWORD)}\npusher:${await hash("p")}\n`);
    const rules = [
      { subject: "bob", allow: ["pull"], names: ["team/**"] },
      { subject: "pusher", allow: ["pull", "push"], names: ["**"] },
    ];
    await writeFile(config, stringify({ auth: { htpasswd, rules } }));
    await startLarder(registry, "--config", config);
    node = await lab.addHost("node");
    await node.setHostsFile({ "larder.example": [registry.ipv4] });
    const settings = { plainHttp: [REGISTRY], mirrors: {} };
    client = await startClients(node, { containers: settings, daemons: settings });
    built = await buildImage(await lab.makeFolder("images"), { name: "private", dataBytes: 1024 * 1024 });
    for (const image of [IMAGE, OTHER]) {
      const flags = ["--dest-tls-verify=false", "--dest-creds", "pusher:p"];
      await node.exec(["skopeo", "copy", "-q", ...flags, `oci:${built.layout}:image`, `docker://${image}`]);
    }
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  /** What a login leaves behind, and what Kubernetes and kaniko mount; null: nothing. */
  async function keep(entry: Readonly<Record<string, string>> | null): Promise<void> {
    const file = join(node.folder, "home", ".docker", "config.json");
    await rm(file, { force: true });
    if (entry === null) return;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify({ auths: { [REGISTRY]: entry } }));
  }
  const entryOf = (password: string) => ({ auth: Buffer.from(`bob:${password}`).toString("base64") });
  const refusal = (attempt: Promise<unknown>) => attempt.then(() => "it was pulled", String);

  /** As nobody, with a wrong password, then with the right one, and then what the right one is not for. */
  async function pullsWithTheRightOneAlone(pull: (image: string) => Promise<unknown>): Promise<void> {
    await keep(null);
    expect(await refusal(pull(IMAGE))).toMatch(REFUSED);
    await keep(entryOf("wrong"));
    expect(await refusal(pull(IMAGE))).toMatch(REFUSED);
    await keep(entryOf(PASSWORD));
    await pull(IMAGE);
    expect(await refusal(pull(OTHER))).toMatch(REFUSED);
  }

  for (const name of ["podman", "buildah", "skopeo", "docker"] as const) {
    test.skipIf(!requirement(...CLIENT_NEEDS[name]).met)(
      name,
      () => pullsWithTheRightOneAlone((image) => client(name).pull(image)),
      TIMEOUT_MS,
    );
  }

  test(
    "skopeo with --src-creds",
    async () => {
      const inspect = (credentials: string, image = IMAGE) =>
        node.exec(["skopeo", "inspect", "--tls-verify=false", "--creds", credentials, `docker://${image}`]);
      await keep(null);
      expect(await refusal(inspect("bob:wrong"))).toMatch(REFUSED);
      expect(await inspect(`bob:${PASSWORD}`)).toContain(built.digest);
      expect(await refusal(inspect(`bob:${PASSWORD}`, OTHER))).toMatch(REFUSED);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!requirement(...CLIENT_NEEDS.ctr).met)(
    "ctr with --user, and the kubelet with a pull secret",
    async () => {
      const hosts = ["--hosts-dir", "/etc/containerd/certs.d"];
      const ctr = (user: readonly string[], image = IMAGE) =>
        node.exec([
          "ctr",
          "--namespace",
          "default",
          "images",
          "pull",
          "--snapshotter",
          "native",
          ...hosts,
          ...user,
          image,
        ]);
      expect(await refusal(ctr([]))).toMatch(REFUSED);
      expect(await refusal(ctr(["--user", "bob:wrong"]))).toMatch(REFUSED);
      await ctr(["--user", `bob:${PASSWORD}`]);
      expect(await refusal(ctr(["--user", `bob:${PASSWORD}`], OTHER))).toMatch(REFUSED);
      const byKubelet = (password: string | null, image = IMAGE) =>
        pullByCri(node.outsidePath(SOCKET), image, password === null ? null : { username: "bob", password });
      expect(await refusal(byKubelet(null))).toMatch(REFUSED);
      expect(await refusal(byKubelet("wrong"))).toMatch(REFUSED);
      expect(await refusal(byKubelet(PASSWORD, OTHER))).toMatch(REFUSED);
      expect(await byKubelet(PASSWORD)).toBe(built.configDigest);
    },
    TIMEOUT_MS,
  );

  const programs: readonly [GoProgramName, (program: string, image: string) => string[]][] = [
    // kaniko, ko and others read by the same library, with the same file.
    ["crane", (crane, image) => [crane, "manifest", "--insecure", image]],
    ["oras", (oras, image) => [oras, "manifest", "fetch", "--plain-http", image]],
    ["regctl", (regctl, image) => [regctl, "--host", `reg=${REGISTRY},tls=disabled`, "manifest", "get", image]],
  ];
  for (const [name, argv] of programs) {
    test.skipIf(!requirement(`go:${name}`).met)(
      name,
      () => pullsWithTheRightOneAlone((image) => node.exec(argv(findGoProgram(name) ?? name, image))),
      TIMEOUT_MS,
    );
  }

  test.skipIf(!requirement("go:crane").met)(
    "go-containerregistry with a registrytoken in its config.json",
    async () => {
      const ask = `http://${REGISTRY}/token?service=larder&scope=repository:team/app:pull`;
      const answer = await node.exec(["curl", "-fsS", "-u", `bob:${PASSWORD}`, ask]);
      await keep({ registrytoken: JSON.parse(answer).token });
      const crane = findGoProgram("crane") ?? "";
      expect(await node.exec([crane, "digest", "--insecure", IMAGE])).toContain(built.digest);
      await keep({ registrytoken: "nobody.s" });
      expect(await refusal(node.exec([crane, "digest", "--insecure", IMAGE]))).toMatch(REFUSED);
    },
    TIMEOUT_MS,
  );
});
