import { expect, test } from "bun:test";
import fc from "fast-check";
import { pullCommands, type PullWish, whyNoWay } from "./pull-commands.ts";
import { splitName } from "./split-name.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const WISH: PullWish = {
  name: "docker.io/library/nginx:1.27",
  digest: DIGEST,
  kind: "image",
  host: "larder.example:5000",
  isHttps: false,
  way: "address",
  isPinned: false,
  platform: null,
};

function commandOf(client: string, wish: Partial<PullWish>): string | undefined {
  return pullCommands({ ...WISH, ...wish }).find((one) => one.client === client)?.command;
}

test("by larder's address, over plain http, clients are told so", () => {
  expect(commandOf("podman", {})).toBe(
    "podman pull --tls-verify=false larder.example:5000/docker.io/library/nginx:1.27",
  );
  expect(commandOf("docker", {})).toBe("docker pull larder.example:5000/docker.io/library/nginx:1.27");
  expect(commandOf("ctr", {})).toBe(
    "sudo ctr images pull --plain-http larder.example:5000/docker.io/library/nginx:1.27",
  );
  expect(commandOf("skopeo", {})).toContain(
    "--src-tls-verify=false docker://larder.example:5000/docker.io/library/nginx:1.27",
  );
  expect(commandOf("crane", {})).toContain("crane pull --insecure");
  expect(commandOf("rkt", {})).toBe("sudo rkt fetch http://larder.example:5000/aci/docker.io/library/nginx:1.27.aci");
  const docker = (host: string) => pullCommands({ ...WISH, host }).find(({ client }) => client === "docker")?.note;
  expect(docker("larder.example:5000")).toContain("insecure-registries");
  expect(docker("127.0.0.1:5000")).toBeNull();
  expect(docker("127.0.0.1.evil.example:5000")).toContain("insecure-registries");
});

test("over https nobody is told to look away", () => {
  for (const { command } of pullCommands({ ...WISH, isHttps: true })) {
    expect(command).not.toMatch(/plain-http|insecure|tls-verify=false/);
  }
});

test("a node that has joined uses the image's own name", () => {
  const joined = { way: "joined" } as const;
  expect(commandOf("podman", joined)).toBe("podman pull docker.io/library/nginx:1.27");
  expect(commandOf("ctr", joined)).toContain("--hosts-dir /etc/containerd/certs.d docker.io/library/nginx:1.27");
  expect(commandOf("kubectl", joined)).toBe("kubectl run nginx --image=docker.io/library/nginx:1.27 --restart=Never");
});

test("what was pushed to larder itself goes by its address alone, and a name with a port by its own alone", () => {
  expect(commandOf("podman", { name: "local/team/app:1" })).toContain(" larder.example:5000/team/app:1");
  expect(pullCommands({ ...WISH, name: "local/team/app:1", way: "joined" })).toEqual([]);
  expect(whyNoWay({ name: "local/team/app:1", way: "joined" })).toContain("no other name");
  expect(whyNoWay({ name: "registry.corp:5000/app:1", way: "address" })).toContain("port");
  expect(commandOf("podman", { name: "registry.corp:5000/app:1", way: "joined" })).toBe(
    "podman pull registry.corp:5000/app:1",
  );
});

test("a digest and a platform may be said", () => {
  const at = `larder.example:5000/docker.io/library/nginx@${DIGEST}`;
  expect(commandOf("docker", { isPinned: true, platform: "linux/arm/v7" })).toBe(
    `docker pull --platform linux/arm/v7 ${at}`,
  );
  expect(commandOf("skopeo", { platform: "linux/arm/v7" })).toContain(
    "--override-os linux --override-arch arm --override-variant v7",
  );
  expect(commandOf("ctr", { platform: "windows(10.0.17763.1)/amd64" })).toContain(
    "--platform 'windows(10.0.17763.1)/amd64'",
  );
});

test("charts are helm's", () => {
  const chart = { kind: "chart", name: "local/charts/web:1.2.3_build.1" } as const;
  expect(commandOf("helm pull", chart)).toBe(
    "helm pull --plain-http oci://larder.example:5000/charts/web --version 1.2.3+build.1",
  );
  expect(commandOf("helm pull", { ...chart, isPinned: true })).toBe(
    `helm pull --plain-http oci://larder.example:5000/charts/web@${DIGEST}`,
  );
  expect(commandOf("docker", chart)).toBeUndefined();
});

test("names come apart as they were put together", () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  fc.assert(
    fc.property(
      part,
      fc.option(fc.nat(9999), { nil: null }),
      fc.array(part, { minLength: 1, maxLength: 4 }),
      part,
      (host, port, path, tag) => {
        const namespace = port === null ? host : `${host}:${port}`;
        const parts = { namespace, path: path.join("/") };
        expect(splitName(`${namespace}/${parts.path}:${tag}`)).toEqual({ ...parts, tag, digest: null });
        expect(splitName(`${namespace}/${parts.path}@${DIGEST}`)).toEqual({ ...parts, tag: null, digest: DIGEST });
      },
    ),
  );
});
