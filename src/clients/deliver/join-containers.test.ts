/** The script for CRI-O, Podman, Buildah and skopeo, on nodes whose registries.conf others have written in. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement } from "../../../test/requirement.ts";
import type { ClientSettings } from "../client-settings.ts";
import { renderScript } from "./render-script.ts";
import { findClientTarget } from "../targets/targets.ts";
import { SHELLS, TestNode } from "./node.fixture.ts";
import { run } from "../targets/programs.fixture.ts";
import { secureSpoofing, testSettings } from "../settings.fixture.ts";
import { writeFiles } from "./write-files.ts";
import { LISTENING_SERVER } from "../listening-server.fixture.ts";

const MAIN = "etc/containers/registries.conf";
const LARDERS = "etc/containers/registries.conf.d/50-larder.conf";
const SITES = "etc/containers/registries.conf.d/99-site.conf";
const LATER =
  '# of the site\n[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "127.0.0.1:9"\n';
const NARROWER = '[[registry]]\nprefix = "docker.io/library"\nlocation = "127.0.0.1:9/library"\n';
const USUAL = 'unqualified-search-registries = ["docker.io"]\n';

const SETTINGS = testSettings("http", { registry: "http://127.0.0.1:5000" });

function target() {
  const found = findClientTarget("containers");
  if (found === null) throw new Error("containers");
  return found;
}

function scriptWith(settings: ClientSettings = SETTINGS): string {
  return renderScript(target(), settings);
}

describe("the script for containers", () => {
  const refused: [string, Record<string, string>, string][] = [
    [
      "a later drop-in",
      { [MAIN]: USUAL, [SITES]: LATER },
      `/${SITES}:2: its table for docker.io is read after larder's`,
    ],
    ["a narrower table", { [MAIN]: NARROWER }, `/${MAIN}:1: its table for docker.io/library counts more`],
    [
      "a drop-in that sorts later by a digit",
      { "etc/containers/registries.conf.d/50-larder.conf.conf": LATER },
      "50-larder.conf.conf:2:",
    ],
    [
      "a drop-in of the distribution",
      { "usr/share/containers/registries.conf.d/60-vendor.conf": LATER },
      "60-vendor.conf:2:",
    ],
    [
      "a drop-in for root alone",
      { "etc/containers/registries.rootful.conf.d/60.conf": LATER },
      "rootful.conf.d/60.conf:2:",
    ],
    [
      "root's own file",
      { "root/.config/containers/registries.conf": USUAL },
      "/root/.config/containers/registries.conf: where it is",
    ],
    [
      "a registry that the site has blocked",
      { [MAIN]: '[[registry]]\nlocation = "docker.io"\nblocked = true\n' },
      `/${MAIN}:1: it blocks docker.io`,
    ],
    ["a file that nobody can read", { [SITES]: "[[registry]\n" }, `/${SITES}:1: a heading is not closed`],
    [
      "a service with files of its own",
      { "etc/systemd/system/crio.service.d/9.conf": "[Service]\nEnvironment=CONTAINER_REGISTRIES_CONF=/x\n" },
      "crio.service.d/9.conf: this has other files read",
    ],
    [
      "a file of variables that a unit names",
      {
        "usr/lib/systemd/system/crio.service": "[Service]\nEnvironmentFile=-/opt/crio.env\n",
        "opt/crio.env": "A=1\nCONTAINERS_REGISTRIES_CONF=/x\n",
      },
      "/opt/crio.env: this has other files read",
    ],
  ];

  for (const [name, files, message] of refused) {
    test(`refuses ${name}, naming file and line, and changes nothing`, async () => {
      await using node = await TestNode.make();
      for (const [path, text] of Object.entries(files)) await node.put(path, text);
      const before = await node.picture();
      for (const shell of SHELLS.filter(([program]) => Bun.which(program) !== null)) {
        const result = node.run(scriptWith(), shell);
        expect(result.messages).toContain(message);
        expect(result.messages).toContain("nothing was changed");
        expect(result.exitCode).toBe(1);
        expect(await node.picture()).toEqual(before);
      }
      const written = await writeFiles(target(), SETTINGS, node.root, false);
      expect(written.map(({ outcome }) => outcome)).toContain("left");
      expect(await node.picture()).toEqual(before);
    });
  }

  test("joins beside files that are read earlier or are about other registries, and undo brings all back", async () => {
    await using node = await TestNode.make();
    await node.put(MAIN, `${USUAL}${LATER}`);
    await node.put(
      "etc/containers/registries.conf.d/00-shortnames.conf",
      '[aliases]\n"alpine" = "docker.io/library/alpine"\n',
    );
    await node.put(SITES, '[[registry]]\nlocation = "quay.io"\nblocked = true\n');
    await node.put(
      "etc/systemd/system/crio.service.d/9.conf",
      "[Service]\n# Environment=CONTAINER_REGISTRIES_CONF=/x\n",
    );
    const before = await node.picture();
    expect(node.run(scriptWith(), SHELLS[0])).toMatchObject({ exitCode: 0 });
    expect(await node.read(LARDERS)).toContain("127.0.0.1:5000/docker.io");
    expect(node.run(scriptWith(), SHELLS[0]).messages).toContain("nothing to do");
    expect(node.run(scriptWith(), SHELLS[0], "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
  });

  test("says so when it is run again and the site has come in between; LARDER_FORCE leaves the site's table", async () => {
    await using node = await TestNode.make();
    node.run(scriptWith(), SHELLS[0]);
    await node.put(SITES, NARROWER);
    const again = node.run(scriptWith(), SHELLS[0]);
    expect(again).toEqual({ exitCode: 1, messages: expect.stringContaining(`/${SITES}:1:`) as string });
    const forced = node.run(scriptWith(), SHELLS[0], "join", { LARDER_FORCE: "1" });
    expect(forced).toEqual({ exitCode: 0, messages: expect.stringContaining(`/${SITES}:1:`) as string });
    expect(node.run(scriptWith(), SHELLS[0], "undo").exitCode).toBe(0);
  });

  test("sees a table that leads elsewhere where names are spoofed, too", async () => {
    await using node = await TestNode.make();
    await node.put(SITES, LATER);
    for (const settings of [secureSpoofing(), testSettings("spoof")]) {
      expect(node.run(scriptWith(settings), SHELLS[0]).messages).toContain(`/${SITES}:2:`);
    }
  });

  test("tells whose own file has to be changed as well", async () => {
    await using node = await TestNode.make();
    await node.put("home/ann/.config/containers/registries.conf", USUAL);
    const { exitCode, messages } = node.run(scriptWith(), SHELLS[0]);
    expect(exitCode).toBe(0);
    expect(messages).toContain("/home/ann/.config/containers/registries.conf is read by its owner's Podman");
  });
});

const lab = requirement("namespaces", "podman", "skopeo", "unshare", "ip");
describe.skipIf(!lab.met)("what the script says is what the programs do", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-containers-"));
    await writeFile(join(folder, "server.ts"), LISTENING_SERVER);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** The paths that larder is asked while skopeo pulls on a node, in a network where there is nobody else. */
  function askedOfLarder(node: TestNode): readonly string[] {
    const pull = "skopeo inspect docker://docker.io/library/busy:1 >&2 || true";
    const script = `ip link set lo up; mount --bind '${node.root}/etc/containers' /etc/containers; HOME='${node.root}/root' '${process.execPath}' '${folder}/server.ts' "${pull}"`;
    return run(["unshare", "--net", "--mount", "sh", "-c", script]).trim().split("\n");
  }

  const cases: [string, string, string, boolean][] = [
    ["nothing of others", MAIN, USUAL, true],
    ["an earlier table", MAIN, LATER, true],
    ["version 1", MAIN, '[registries.search]\nregistries = ["docker.io"]\n', true],
    ["a later table", SITES, LATER, false],
    ["a narrower table", MAIN, NARROWER, false],
    ["root's own file", "root/.config/containers/registries.conf", USUAL, false],
    ["version 1 in a drop-in", SITES, '[registries.search]\nregistries = ["quay.io"]\n', false],
    ["shorter stars", SITES, '[[registry]]\nprefix = "*.io"\nlocation = "127.0.0.1:9"\n', true],
    [
      "a later table for digests alone",
      SITES,
      '[[registry]]\nlocation = "docker.io"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "127.0.0.1:5000/docker.io"\ninsecure = true\n',
      false,
    ],
  ];

  test.each(cases)("%s", async (_, path, text, isJoined) => {
    await using node = await TestNode.make();
    await node.put("etc/containers/policy.json", '{"default":[{"type":"insecureAcceptAnything"}]}');
    await node.put(path, text);
    const joined = node.run(scriptWith(), SHELLS[0], "join", { LARDER_PODMAN: "podman" });
    expect(joined).toMatchObject({ exitCode: isJoined ? 0 : 1 });
    // What is refused is written all the same, to see that it was right to refuse it.
    if (!isJoined) node.run(scriptWith(), SHELLS[0], "join", { LARDER_FORCE: "1" });
    expect(askedOfLarder(node).includes("/v2/docker.io/library/busy/manifests/1")).toBe(isJoined);
  });

  test("podman has the last word, and is asked before anything is changed", async () => {
    await using node = await TestNode.make();
    await node.put("etc/containers/policy.json", "{}");
    const podman = join(folder, "podman");
    // Reads larder's table alone, and something else together with the other files.
    await writeFile(
      podman,
      '#!/bin/sh\n[ -e /etc/containers/policy.json ] && echo "docker.io elsewhere" || cat /etc/containers/registries.conf\n',
    );
    await chmod(podman, 0o755);
    const before = await node.picture();
    const result = node.run(scriptWith(), SHELLS[0], "join", { LARDER_PODMAN: podman });
    expect(result).toEqual({
      exitCode: 1,
      messages: expect.stringContaining("podman reads something else instead of") as string,
    });
    expect(await node.picture()).toEqual(before);
  });
});
