/** All may pull, and who logs in may push: with every client, in the one way that all of them understand. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { htpasswdOf, passwordOf } from "../access/guarded-larder.ts";
import { findGoProgram, type GoProgramName } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import type { ContainerClient } from "./container-client.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NEEDS, type ClientName, startClients } from "./node-clients.ts";
import { digestInRegistry } from "./skopeo.ts";

/** Where the lab tells containerd of registries. */
const CERTS_FOLDER = "/etc/containerd/certs.d";
const SETUP_TIMEOUT_MS = 120_000;
const TIMEOUT_MS = 90_000;
const REGISTRY = "larder.example:5000";
const PUSHERS = ["podman", "buildah", "skopeo", "docker", "ctr"] as const satisfies readonly ClientName[];
const WRONG = /unauthori[sz]ed|40[13]|wrong|denied|authentication required/i;

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo").met)("with passwords for pushes", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let node: LabHost;
  let built: BuiltImage;
  let client: (name: ClientName) => ContainerClient;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    const [htpasswd, config] = ["htpasswd", "larder.yaml"].map((name) => join(registry.folder, name));
    await writeFile(htpasswd ?? "", await htpasswdOf("bob"));
    await writeFile(config ?? "", `auth: { htpasswd: ${htpasswd} }\n`);
    await startLarder(registry, "--config", config ?? "");
    node = await lab.addHost("node");
    await node.setHostsFile({ "larder.example": [registry.ipv4] });
    const settings = { plainHttp: [REGISTRY], mirrors: {} };
    client = await startClients(node, { containers: settings, daemons: settings });
    built = await buildImage(await lab.makeFolder("images"), { name: "pushed", dataBytes: 2 * 1024 * 1024 });
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  /** What a login leaves behind, and what Kubernetes and kaniko mount; null: nothing. */
  async function logIn(password: string | null): Promise<void> {
    const file = join(node.folder, "home", ".docker", "config.json");
    await rm(file, { force: true });
    if (password === null) return;
    await mkdir(dirname(file), { recursive: true });
    const auth = Buffer.from(`bob:${password}`).toString("base64");
    await writeFile(file, JSON.stringify({ auths: { [REGISTRY]: { auth } } }));
  }

  /** Pushes as the login has it; containerd keeps none, and is told each time. */
  function push(name: ClientName, image: string, password: string | null): Promise<unknown> {
    if (name !== "ctr") return client(name).push(image);
    const user = password === null ? [] : ["--user", `bob:${password}`];
    return node.exec(["ctr", "--namespace", "default", "images", "push", "--hosts-dir", CERTS_FOLDER, ...user, image]);
  }

  for (const name of PUSHERS) {
    describe.skipIf(!requirement(...CLIENT_NEEDS[name]).met)(name, () => {
      test(
        "does not push as nobody, nor with a wrong password, and pushes with the right one; all pull",
        async () => {
          const image = `${REGISTRY}/team/by-${name}:1`;
          await client(name).load(built, image);
          for (const password of [null, "wrong"]) {
            await logIn(password);
            const refusal = await push(name, image, password).then(() => "it was pushed", String);
            expect(refusal).toMatch(WRONG);
          }
          await logIn(passwordOf("bob"));
          await push(name, image, passwordOf("bob"));
          await logIn(null);
          const digest = await digestInRegistry(registry, `localhost:5000/team/by-${name}:1`);
          await client(name).forgetAll();
          expect((await client(name).pull(image)).digest).toBe(digest);
        },
        TIMEOUT_MS,
      );
    });
  }

  describe.skipIf(!requirement(...CLIENT_NEEDS.cri).met)("the kubelet's way", () => {
    test(
      "pulls as nobody",
      async () => {
        const image = `${REGISTRY}/team/for-cri:1`;
        await logIn(passwordOf("bob"));
        await client("skopeo").load(built, image);
        await client("skopeo").push(image);
        await logIn(null);
        expect((await client("cri").pull(image)).configDigest).toBe(built.configDigest);
      },
      TIMEOUT_MS,
    );
  });

  /** A program's push of the image, and how it is looked at without a login. */
  const programs: readonly [
    GoProgramName,
    (program: string, name: string) => string[],
    (program: string, name: string) => string[],
  ][] = [
    [
      // kaniko, ko and others push by the same library, with the same file.
      "crane",
      (crane, name) => [crane, "push", "--insecure", built.layout, `${REGISTRY}/${name}`],
      (crane, name) => [crane, "digest", "--insecure", `${REGISTRY}/${name}`],
    ],
    [
      "oras",
      (oras, name) => [
        oras,
        "cp",
        "--from-oci-layout",
        `${built.layout}:image`,
        "--to-plain-http",
        `${REGISTRY}/${name}`,
      ],
      (oras, name) => [oras, "manifest", "fetch", "--plain-http", "--descriptor", `${REGISTRY}/${name}`],
    ],
    [
      "regctl",
      (regctl, name) => [
        regctl,
        "--host",
        `reg=${REGISTRY},tls=disabled`,
        "image",
        "copy",
        `ocidir://${built.layout}:image`,
        `${REGISTRY}/${name}`,
      ],
      (regctl, name) => [regctl, "--host", `reg=${REGISTRY},tls=disabled`, "image", "digest", `${REGISTRY}/${name}`],
    ],
  ];
  for (const [name, pushOf, lookOf] of programs) {
    describe.skipIf(!requirement(`go:${name}`).met)(name, () => {
      test(
        "does not push as nobody, nor with a wrong password, and pushes with the right one; all read",
        async () => {
          const program = findGoProgram(name) ?? "";
          const image = `team/by-${name}:1`;
          for (const password of [null, "wrong"]) {
            await logIn(password);
            const refusal = await node.exec(pushOf(program, image)).then(() => "it was pushed", String);
            expect(refusal).toMatch(WRONG);
          }
          await logIn(passwordOf("bob"));
          await node.exec(pushOf(program, image));
          await logIn(null);
          expect(await node.exec(lookOf(program, image))).toContain(built.digest);
        },
        TIMEOUT_MS,
      );
    });
  }

  describe.skipIf(!requirement("go:helm").met)("helm", () => {
    test(
      "pushes a chart after a login, which a wrong password does not give; all pull it",
      async () => {
        const helm = findGoProgram("helm") ?? "";
        const folder = join(node.folder, "tmp");
        await node.exec([
          "sh",
          "-c",
          `cd ${folder} && ${helm} create app >/dev/null && ${helm} package app >/dev/null`,
        ]);
        const login = (password: string) =>
          node.exec([helm, "registry", "login", "--plain-http", "-u", "bob", "-p", password, REGISTRY]);
        const pushChart = () =>
          node.exec([helm, "push", "--plain-http", `${folder}/app-0.1.0.tgz`, `oci://${REGISTRY}/charts`]);
        await logIn(null);
        expect(await login("wrong").then(() => "logged in", String)).toMatch(WRONG);
        expect(await pushChart().then(() => "it was pushed", String)).toMatch(WRONG);
        await login(passwordOf("bob"));
        await pushChart();
        await node.exec([helm, "registry", "logout", REGISTRY]);
        await node.exec([
          helm,
          "pull",
          "--plain-http",
          `oci://${REGISTRY}/charts/app`,
          "--version",
          "0.1.0",
          "-d",
          folder,
        ]);
      },
      TIMEOUT_MS,
    );
  });

  const logins: readonly [string, readonly string[], (password: string) => readonly string[]][] = [
    ["docker login", CLIENT_NEEDS.docker, (password) => ["docker", "login", "-u", "bob", "-p", password, REGISTRY]],
    [
      "podman login",
      CLIENT_NEEDS.podman,
      (password) => ["podman", "login", "--tls-verify=false", "-u", "bob", "-p", password, REGISTRY],
    ],
    [
      "skopeo login",
      CLIENT_NEEDS.skopeo,
      (password) => ["skopeo", "login", "--tls-verify=false", "-u", "bob", "-p", password, REGISTRY],
    ],
  ];
  for (const [name, needs, argv] of logins) {
    test.skipIf(!requirement(...needs).met)(
      `${name} fails with a wrong password, and does not with the right one`,
      async () => {
        await logIn(null);
        expect(await node.exec([...argv("wrong")]).then(() => "logged in", String)).toMatch(
          /unauthori[sz]ed|invalid username|401/i,
        );
        await node.exec([...argv(passwordOf("bob"))]);
      },
      TIMEOUT_MS,
    );
  }
});
