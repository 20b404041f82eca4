/** Clients with a certificate of their own (`--client-ca`) push without a password; the others pull what anybody may. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openCertificateAuthority } from "../../src/tls/certificate-authority.ts";
import type { ServerCertificate } from "../../src/tls/certificate-source.ts";
import { stringify } from "yaml";
import { requirement } from "../requirement.ts";
import { startContainerd } from "./containerd.ts";
import { runDocker, writeDockerConfiguration } from "./docker.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NEEDS } from "./node-clients.ts";

const PROGRAM = join(import.meta.dir, "..", "..", "larder");
const REGISTRY = "larder.example";
const DAY_MS = 86_400_000;
const SETUP_TIMEOUT_MS = 120_000;
const CLIENT_TIMEOUT_MS = 90_000;

type Shown = "good" | "stranger" | "expired" | "self-signed" | "none";

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo", "curl", "openssl").met)("a client", () => {
  let lab: NetworkLab;
  let node: LabHost;
  let server: LabHost;
  let built: BuiltImage;
  /** Folders with `ca.crt`, and `client.cert` and `client.key` where there are such. */
  let folders: Readonly<Record<Shown, string>>;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    server = await lab.addHost("server");
    node = await lab.addHost("node");
    for (const host of [node, server]) await host.setHostsFile({ [REGISTRY]: [server.ipv4] });
    const root = await lab.makeFolder("certificates");
    const authorityIn = (name: string, now = Date.now()) =>
      openCertificateAuthority(join(root, name), { now: () => now, constraints: null });
    const [clients, others] = [await authorityIn("clients"), await authorityIn("others")];
    const past = await authorityIn("clients", Date.now() - 40 * DAY_MS);
    await Bun.write(join(root, "clients.pem"), clients.certPem);
    const rules = [
      { subject: "anonymous", allow: ["pull"], names: ["**"] },
      { subject: "certificate:*", allow: ["pull", "push"], names: ["**"] },
      { subject: "this-machine", allow: ["push"], names: ["own/**"] },
    ];
    const config = join(root, "larder.yaml");
    await Bun.write(config, stringify({ auth: { clientCa: join(root, "clients.pem"), rules } }));
    const place = ["--https", ":443", "--name", REGISTRY, "--data", join(server.folder, "larder")];
    const larder = server.start([PROGRAM, "serve", ...place, "--offline", "--config", config]);
    await larder.printed(/https:\/\/localhost/, 20_000);
    const authorityPem = await Bun.file(join(server.folder, "larder", "tls", "ca.crt")).text();
    const folderOf = async (shown: Shown, certificate: ServerCertificate | null) => {
      const folder = join(root, shown);
      await Bun.write(join(folder, "ca.crt"), authorityPem);
      if (certificate === null) return folder;
      await Bun.write(join(folder, "client.cert"), certificate.certPem);
      await Bun.write(join(folder, "client.key"), certificate.keyPem);
      return folder;
    };
    folders = {
      good: await folderOf("good", await clients.issueClientCertificate("node1", 10 * DAY_MS)),
      stranger: await folderOf("stranger", await others.issueClientCertificate("node1", 10 * DAY_MS)),
      expired: await folderOf("expired", await past.issueClientCertificate("node1", 10 * DAY_MS)),
      "self-signed": await folderOf("self-signed", null),
      none: await folderOf("none", null),
    };
    const own = ["-keyout", join(root, "self-signed", "client.key"), "-out", join(root, "self-signed", "client.cert")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    await node.exec(["openssl", "req", "-x509", "-nodes", ...curve, ...own, "-subj", "/CN=node1", "-days", "2"]);
    built = await buildImage(await lab.makeFolder("images"), { name: "pushed" });
    // What anybody may pull.
    await push("good", `${REGISTRY}/team/app:1`);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  const source = () => `oci:${built.layout}:image`;
  const push = (shown: Shown, image: string) =>
    node.exec(["skopeo", "copy", "--quiet", "--dest-cert-dir", folders[shown], source(), `docker://${image}`]);

  /** The status and the body of an answer. */
  async function ask(shown: Shown, path: string, ...more: readonly string[]) {
    return askFrom(node, shown, path, ...more);
  }

  async function askFrom(host: LabHost, shown: Shown, path: string, ...more: readonly string[]) {
    const folder = folders[shown];
    const client = shown === "none" ? [] : ["--cert", join(folder, "client.cert"), "--key", join(folder, "client.key")];
    const url = `https://${REGISTRY}${path}`;
    const written = ["--write-out", "\n%{http_code}"];
    const text = await host.exec([
      "curl",
      "-sS",
      "--cacert",
      join(folder, "ca.crt"),
      ...client,
      ...written,
      ...more,
      url,
    ]);
    return { status: Number(text.slice(text.lastIndexOf("\n"))), body: text.slice(0, text.lastIndexOf("\n")) };
  }

  test("with curl is who its certificate names, or nobody, and is told why", async () => {
    expect((await ask("good", "/v2/")).status).toBe(200);
    const upload = ["-X", "POST"];
    expect((await ask("good", "/v2/team/new/blobs/uploads/", ...upload)).status).toBe(202);
    const reasons: Readonly<Record<Exclude<Shown, "good">, string>> = {
      stranger: "is not signed by an authority",
      expired: "expired",
      "self-signed": "is not signed by an authority",
      none: "",
    };
    for (const shown of Object.keys(reasons) as (keyof typeof reasons)[]) {
      expect((await ask(shown, "/v2/")).status).toBe(401);
      expect((await ask(shown, "/v2/team/app/manifests/1")).status).toBe(200);
      const refused = await ask(shown, "/v2/team/new/blobs/uploads/", ...upload);
      expect(refused.status).toBe(401);
      expect(refused.body).toContain(reasons[shown]);
    }
  });

  test("from another machine is not taken for this one, nor is one of this machine for a stranger", async () => {
    const upload = ["-X", "POST"];
    for (const shown of ["none", "stranger"] as const) {
      expect((await askFrom(server, shown, "/v2/own/app/blobs/uploads/", ...upload)).status).toBe(202);
      expect((await askFrom(node, shown, "/v2/own/app/blobs/uploads/", ...upload)).status).toBe(401);
    }
  });

  test("with skopeo pushes with the certificate in --cert-dir, and not with another's", async () => {
    await push("good", `${REGISTRY}/team/skopeo:1`);
    for (const shown of ["stranger", "expired", "none"] as const) {
      await expect(push(shown, `${REGISTRY}/team/no:1`)).rejects.toThrow(/unauthorized|denied/i);
      const inspect = ["skopeo", "inspect", "--cert-dir", folders[shown], `docker://${REGISTRY}/team/app:1`];
      expect(await node.exec(inspect)).toContain(built.digest);
    }
  });

  test.skipIf(!requirement(...CLIENT_NEEDS.podman).met)(
    "with podman pushes with the certificate in certs.d",
    async () => {
      const certs = `/etc/containers/certs.d/${REGISTRY}`;
      await node.exec(["sh", "-c", `mkdir -p ${certs} && cp ${folders.good}/* ${certs}`]);
      const storage = ["--root", join(node.folder, "podman"), "--runroot", "/run/podman", "--storage-driver", "vfs"];
      const podman = (...argv: string[]) => node.exec(["podman", ...storage, ...argv]);
      await podman("pull", "--quiet", `${REGISTRY}/team/app:1`);
      await podman("push", "--quiet", `${REGISTRY}/team/app:1`, `${REGISTRY}/team/podman:1`);
      await node.exec(["sh", "-c", `cp ${folders.stranger}/* ${certs}`]);
      await expect(podman("push", "--quiet", `${REGISTRY}/team/app:1`, `${REGISTRY}/team/no:1`)).rejects.toThrow();
      await podman("pull", "--quiet", `${REGISTRY}/team/app:1`);
    },
    CLIENT_TIMEOUT_MS,
  );

  test.skipIf(!requirement(...CLIENT_NEEDS.ctr).met)(
    "with containerd pushes with client = [[…]] in hosts.toml",
    async () => {
      const { ctr } = await startContainerd(node);
      const settings = (shown: Shown) =>
        node.writeFile(
          `/etc/containerd/certs.d/${REGISTRY}/hosts.toml`,
          `server = "https://${REGISTRY}"
[host."https://${REGISTRY}"]
  capabilities = ["pull", "resolve", "push"]
  ca = "${folders[shown]}/ca.crt"
${shown === "none" ? "" : `  client = [["${folders[shown]}/client.cert", "${folders[shown]}/client.key"]]\n`}`,
        );
      await settings("good");
      await ctr.load(built, `${REGISTRY}/team/containerd:1`);
      await ctr.push(`${REGISTRY}/team/containerd:1`);
      await settings("stranger");
      await ctr.load(built, `${REGISTRY}/team/no:1`);
      await expect(ctr.push(`${REGISTRY}/team/no:1`)).rejects.toThrow();
      for (const shown of ["stranger", "none"] as const) {
        await settings(shown);
        expect((await ctr.pull(`${REGISTRY}/team/app:1`)).digest).toBe(built.digest);
      }
    },
    CLIENT_TIMEOUT_MS,
  );

  test.skipIf(!requirement(...CLIENT_NEEDS.docker).met)(
    "with Docker pushes with the certificate in certs.d",
    async () => {
      const certs = `/etc/docker/certs.d/${REGISTRY}`;
      await node.exec(["sh", "-c", `mkdir -p ${certs} && cp ${folders.good}/* ${certs}`]);
      await writeDockerConfiguration(node, {});
      const { docker } = await runDocker(node);
      await docker.pull(`${REGISTRY}/team/app:1`);
      await docker.load(built, `${REGISTRY}/team/docker:1`);
      await docker.push(`${REGISTRY}/team/docker:1`);
      await node.exec(["sh", "-c", `cp ${folders.stranger}/* ${certs}`]);
      await docker.load(built, `${REGISTRY}/team/no:1`);
      await expect(docker.push(`${REGISTRY}/team/no:1`)).rejects.toThrow();
      await docker.forgetAll();
      await docker.pull(`${REGISTRY}/team/app:1`);
    },
    CLIENT_TIMEOUT_MS,
  );

  test("and nothing came of what was refused", async () => {
    const { body } = await ask("good", "/v2/_catalog");
    const { repositories } = JSON.parse(body) as { repositories: readonly string[] };
    expect(repositories).not.toContain("local/team/no");
    expect(repositories).toContain("local/team/skopeo");
  });
});
