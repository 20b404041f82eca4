/**
 * The way to the internet is gone and packets vanish without a word, while larder has not been told to be offline: clients
 * push, sign, list and pull all that is larder's own, under its own names and the upstreams', as if nothing had happened.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findGoProgram, type GoProgramName } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { writeContainersSettings } from "./containers-settings.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { runPodman } from "./podman.ts";

const SETUP_TIMEOUT_MS = 60_000;
/** Who waited for upstream at each question would take a minute or two; all that these clients do takes seconds. */
const SESSION_LIMIT_MS = 40_000;
const REGISTRY = "127.0.0.1:5000";
/** Larder's own name and two of upstreams, all of them cold. */
const PREFIXES = ["own", "docker.io/team", "quay.io/team"].map((prefix) => `${REGISTRY}/${prefix}`);

/** What is dropped: what is sent to the upstreams, or what is sent to the name servers. */
const WAYS = {
  "the upstreams' addresses": ({ ipv4, ipv6 }: Void) =>
    argumentsFor({ "docker.io": `http://${ipv4}`, "quay.io": `http://[${ipv6}]:5001` }),
  "the name servers": ({ ipv4 }: Void) => [
    ...argumentsFor({ "docker.io": "https://registry-1.docker.io", "quay.io": "https://quay.io" }),
    "--resolver",
    ipv4,
  ],
} as const;
type Void = { readonly ipv4: string; readonly ipv6: string };

/** The program's path; a suite asks for it only when it is there. */
const built = (name: GoProgramName) => findGoProgram(name) ?? name;

/** Where a client works: it runs commands on the host until its time is over. */
type Session = {
  readonly host: LabHost;
  readonly image: BuiltImage;
  /** For the client's files. */
  readonly folder: string;
  readonly run: (...argv: readonly string[]) => Promise<string>;
};

const CLIENTS: readonly (readonly [string, readonly string[], (session: Session) => Promise<void>])[] = [
  ["crane", ["go:crane"], useCrane],
  ["oras", ["go:oras"], useOras],
  ["regctl", ["go:regctl"], useRegctl],
  ["cosign", ["go:cosign", "go:crane"], useCosign],
  ["helm", ["go:helm"], useHelm],
  ["skopeo", ["skopeo"], useSkopeo],
  ["podman", ["podman"], usePodman],
];

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS).met)("while packets are dropped", () => {
  let lab: NetworkLab;
  let host: LabHost;
  let nowhere: Void;
  let image: BuiltImage;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    host = await lab.addHost("larder");
    nowhere = await lab.addVoid(host);
    await writeContainersSettings(host, { plainHttp: [REGISTRY], mirrors: {} });
    image = await buildImage(await lab.makeFolder("images"), { name: "app", dataBytes: 100_000 });
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  describe.each(Object.keys(WAYS) as (keyof typeof WAYS)[])("that are sent to %s", (way) => {
    describe.each(CLIENTS)("%s", (name, needs, use) => {
      const client = requirement(...needs);

      test.skipIf(!client.met)(
        "works with what is larder's own, the first time and the second",
        async () => {
          const larder = await startLarder(host, ...WAYS[way](nowhere));
          try {
            for (const round of ["first", "second"]) {
              const folder = join(host.folder, `${name}-${Object.keys(WAYS).indexOf(way)}-${round}`);
              await mkdir(folder);
              await use(openSession(host, image, folder));
            }
            expectFewWarnings(larder);
          } finally {
            await larder.stop();
          }
        },
        SETUP_TIMEOUT_MS + 2 * SESSION_LIMIT_MS,
      );
    });
  });
});

function argumentsFor(upstreams: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(upstreams).flatMap(([name, url]) => ["--upstream", `${name}=${url}`]);
}

function openSession(host: LabHost, image: BuiltImage, folder: string): Session {
  const deadline = performance.now() + SESSION_LIMIT_MS;
  const environment = { HOME: folder, COSIGN_PASSWORD: "" };
  const run = (...argv: readonly string[]): Promise<string> =>
    host.exec(argv, { environment, timeoutMs: Math.max(1, deadline - performance.now()) });
  return { host, image, folder, run };
}

/** Each upstream is told of once for each kind of outcome, however often it was asked for. */
function expectFewWarnings(larder: LabDaemon): void {
  const warnings = larder
    .output()
    .split("\n")
    .filter((line) => /"level":"(?:warning|error)"/.test(line) && !line.includes('"message":"request"'));
  expect(warnings.length, warnings.join("\n")).toBeWithin(0, 9);
}

async function useCrane({ run, image }: Session): Promise<void> {
  const crane = (...argv: readonly string[]) => run(built("crane"), "--insecure", ...argv);
  for (const prefix of PREFIXES) {
    await crane("push", image.layout, `${prefix}/crane:1`);
    expect((await crane("digest", `${prefix}/crane:1`)).trim()).toBe(image.digest);
    await crane("tag", `${prefix}/crane:1`, "2");
    expect((await crane("ls", `${prefix}/crane`)).split("\n").sort().join(" ").trim()).toBe("1 2");
    await crane("validate", "--remote", `${prefix}/crane:2`);
    await crane("copy", `${prefix}/crane:1`, `${prefix}/crane-copy:1`);
  }
  expect(await crane("catalog", REGISTRY)).toContain("crane-copy");
}

async function useOras({ run, folder }: Session): Promise<void> {
  const oras = (...argv: readonly string[]) => run(built("oras"), ...argv);
  const file = join(folder, "notes.txt");
  await Bun.write(file, `written for ${folder}\n`);
  for (const prefix of PREFIXES) {
    const name = `${prefix}/oras:1`;
    const pushed = ["--plain-http", "--disable-path-validation", "--artifact-type", "application/vnd.test.notes"];
    await oras("push", ...pushed, name, `${file}:text/plain`);
    await oras("attach", ...pushed, name, `${file}:text/plain`);
    expect(await oras("discover", "--plain-http", name)).toContain("application/vnd.test.notes");
    expect(await oras("repo", "tags", "--plain-http", `${prefix}/oras`)).toContain("1");
    await oras("cp", "--recursive", "--from-plain-http", "--to-plain-http", name, `${prefix}/oras-copy:1`);
    await oras("pull", "--plain-http", "--allow-path-traversal", `${prefix}/oras-copy:1`);
  }
}

async function useRegctl({ run, image }: Session): Promise<void> {
  const regctl = (...argv: readonly string[]) => run(built("regctl"), ...argv);
  await regctl("registry", "set", REGISTRY, "--tls", "disabled");
  for (const prefix of PREFIXES) {
    await regctl("image", "copy", `ocidir://${image.layout}:image`, `${prefix}/regctl:1`);
    expect((await regctl("image", "digest", `${prefix}/regctl:1`)).trim()).toBe(image.digest);
    expect(await regctl("tag", "ls", `${prefix}/regctl`)).toContain("1");
    await regctl("artifact", "list", `${prefix}/regctl:1`);
    await regctl("image", "copy", "--referrers", "--digest-tags", `${prefix}/regctl:1`, `${prefix}/regctl-copy:1`);
  }
}

async function useCosign({ run, image, folder }: Session): Promise<void> {
  const http = ["--allow-http-registry", "--allow-insecure-registry"];
  const cosign = (verb: string, ...argv: readonly string[]) => run(built("cosign"), verb, ...http, ...argv);
  const [key, predicate] = [join(folder, "cosign"), join(folder, "predicate.json")];
  await run(built("cosign"), "generate-key-pair", "--output-key-prefix", key);
  await Bun.write(predicate, `{"tested": true}`);
  const signing = ["--key", `${key}.key`, "--tlog-upload=false", "--yes"];
  const verifying = ["--key", `${key}.pub`, "--insecure-ignore-tlog=true"];
  for (const prefix of PREFIXES) {
    const name = `${prefix}/cosign`;
    await run(built("crane"), "--insecure", "push", image.layout, `${name}:1`);
    await cosign("sign", ...signing, `${name}@${image.digest}`);
    await cosign("verify", ...verifying, `${name}:1`);
    await cosign("attest", ...signing, "--type", "custom", "--predicate", predicate, `${name}@${image.digest}`);
    await cosign("verify-attestation", ...verifying, "--type", "custom", `${name}:1`);
    expect(await cosign("tree", `${name}:1`)).toContain(".sig");
  }
}

async function useHelm({ run, folder }: Session): Promise<void> {
  const helm = (...argv: readonly string[]) => run(built("helm"), ...argv);
  await Bun.write(join(folder, "app", "Chart.yaml"), "apiVersion: v2\nname: app\nversion: 1.0.0\n");
  await helm("package", join(folder, "app"), "--destination", folder);
  for (const prefix of PREFIXES) {
    const charts = `oci://${prefix}/charts`;
    await helm("push", "--plain-http", join(folder, "app-1.0.0.tgz"), charts);
    expect(await helm("show", "chart", "--plain-http", `${charts}/app`)).toContain("version: 1.0.0");
    await helm("pull", "--plain-http", `${charts}/app`, "--version", "1.0.0", "--destination", join(folder, "app"));
  }
}

async function useSkopeo({ run, image, folder }: Session): Promise<void> {
  for (const prefix of PREFIXES) {
    const name = `docker://${prefix}/skopeo`;
    await run("skopeo", "copy", "--quiet", "--preserve-digests", `oci:${image.layout}:image`, `${name}:1`);
    expect(await run("skopeo", "inspect", `${name}:1`)).toContain(image.digest);
    expect(await run("skopeo", "list-tags", name)).toContain('"1"');
    await run("skopeo", "copy", "--quiet", `${name}:1`, `${name}-copy:1`);
    await run("skopeo", "copy", "--quiet", `${name}-copy:1`, `oci:${join(folder, "layout")}:image`);
  }
}

async function usePodman({ host, image }: Session): Promise<void> {
  const id = (await runPodman(host, "pull", "--quiet", `oci:${image.layout}:image`)).trim();
  for (const prefix of PREFIXES) {
    await runPodman(host, "push", "--quiet", id, `${prefix}/podman:1`);
    expect((await runPodman(host, "pull", "--quiet", `${prefix}/podman:1`)).trim()).toBe(id);
  }
  await runPodman(host, "rmi", "--all", "--force");
}
