/** What is done to a machine, tried on a folder that stands for one; its programs are answered here. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { requirement } from "../../test/requirement.ts";
import { chooseConfiguration } from "./choose-configuration.ts";
import { findServiceManager } from "./find-service-manager.ts";
import type { Machine } from "./machine.ts";
import { OPENRC } from "./openrc-service.ts";
import { performSteps } from "./perform-steps.ts";
import { planInstall } from "./plan-install.ts";
import { planRemoval } from "./plan-removal.ts";
import type { ServiceManager } from "./service-manager.ts";
import { SYSTEMD } from "./systemd-service.ts";

// Files are given to accounts that only root can give to.
describe.skipIf(!requirement("root").met)("on a machine", () => {
  let root: string;
  let program: string;
  let ran: string[];
  let failing: string[];
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "larder-install-"));
    program = join(root, "..", `${root.split("/").at(-1)}-program`);
    await writeFile(program, "\u007fELF new");
    await put("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    await put("/etc/group", "root:x:0:");
    [ran, failing] = [[], []];
  });
  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
    await rm(program, { force: true });
  });

  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const get = (path: string) => readFile(join(root, path), "utf8");
  const tree = async () => (await readdir(root, { recursive: true })).toSorted();
  const image = (): Machine => ({ root, isRunning: false, run: () => Promise.resolve(null) });
  /** One whose programs do what they are asked for, but those in `failing`. */
  const running = (): Machine => ({
    root,
    isRunning: true,
    run: async (argv) => {
      const line = argv.join(" ");
      ran.push(line);
      if (failing.some((words) => line.includes(words))) return { status: 1, words: `${argv[0]} says no` };
      if (argv[0] === "systemd-sysusers")
        await put("/etc/passwd", `${await get("/etc/passwd")}larder:x:12345:12345::/:/x\n`);
      if (line.startsWith("systemctl enable")) await put(SYSTEMD.enabledPath, "");
      if (argv[0] === "userdel") await put("/etc/passwd", (await get("/etc/passwd")).replace(/larder.*\n/, ""));
      return { status: 0, words: "" };
    },
  });

  async function install(machine: Machine, manager: ServiceManager | null, changes = {}): Promise<readonly string[]> {
    const { text } = await chooseConfiguration(machine, { flags: new Map(), file: null });
    const steps = await planInstall({
      machine,
      manager,
      program,
      configuration: text,
      dataFolder: "/var/lib/larder",
      untilItAnswers: machine.isRunning ? () => Promise.resolve() : null,
      ...changes,
    });
    const told: string[] = [];
    await performSteps(steps, (line) => told.push(line), new AbortController().signal);
    return told;
  }

  const remove = async (machine: Machine, manager: ServiceManager, isPurge: boolean) =>
    performSteps(await planRemoval(machine, manager, isPurge), () => {}, new AbortController().signal);

  test.each([SYSTEMD, OPENRC])("that is an image being built, $name starts larder later", async (manager) => {
    await put("/etc/shadow", "root:*:::::::");
    await install(image(), manager);
    expect(await get("/usr/local/bin/larder")).toBe("\u007fELF new");
    expect((await stat(join(root, "/usr/local/bin/larder"))).mode & 0o777).toBe(0o755);
    expect(await get("/etc/passwd")).toContain("\nlarder:x:999:999:larder registry:/var/lib/larder:/sbin/nologin\n");
    expect([await get("/etc/group"), await get("/etc/shadow")]).toEqual([
      "root:x:0:\nlarder:x:999:\n",
      "root:*:::::::\nlarder:!:::::::\n",
    ]);
    const data = await stat(join(root, "/var/lib/larder"));
    expect([data.uid, data.gid, data.mode & 0o777]).toEqual([999, 999, 0o700]);
    const settings = await stat(join(root, "/etc/larder/larder.yaml"));
    expect([settings.uid, settings.gid, settings.mode & 0o777]).toEqual([0, 999, 0o640]);
    expect(await readdir(join(root, dirname(manager.enabledPath)))).toHaveLength(1);
    expect(await install(image(), manager)).toEqual([]);
  });

  test("that is an image without either, the files are there all the same", async () => {
    expect(await findServiceManager(image())).toBeNull();
    await install(image(), null);
    expect(await tree()).toContain("usr/local/bin/larder");
  });

  test.each([
    ["/run/systemd/system/x", "systemd"],
    ["/run/openrc/x", "OpenRC"],
  ])("with %s, that is %s", async (path, name) => {
    await put(path, "");
    expect((await findServiceManager(running()))?.name).toBe(name as "systemd");
  });

  test.each([SYSTEMD, OPENRC])("all of it goes when one step fails, whichever it is ($name)", async (manager) => {
    const before = await tree();
    const [passwd, group] = [await get("/etc/passwd"), await get("/etc/group")];
    const steps = manager === SYSTEMD ? ["systemctl enable", "systemctl restart"] : ["rc-update add", "larder start"];
    for (const step of steps) {
      failing = [step, "is-active", "status"];
      await expect(install(running(), manager)).rejects.toThrow("says no");
      expect(await tree()).toEqual(before);
      expect([await get("/etc/passwd"), await get("/etc/group")]).toEqual([passwd, group]);
    }
  });

  test("an interruption leaves nothing half done, whenever it comes", async () => {
    const before = await tree();
    for (let steps = 1; steps < 7; steps++) {
      const controller = new AbortController();
      let told = 0;
      const tell = () => {
        if (++told === steps) controller.abort(new Error("interrupted"));
      };
      const plan = await planInstall({
        machine: running(),
        manager: SYSTEMD,
        program,
        configuration: "data: /var/lib/larder",
        dataFolder: "/var/lib/larder",
        untilItAnswers: null,
      });
      await expect(
        performSteps([...plan, { what: null, perform: () => Promise.resolve(null) }], tell, controller.signal),
      ).rejects.toThrow("interrupted");
      await rm(join(root, SYSTEMD.enabledPath), { force: true });
      expect((await tree()).filter((path) => /larder/.test(path))).toEqual(
        before.filter((path) => /larder/.test(path)),
      );
    }
  });

  test("SELinux labels what was put there", async () => {
    await install(running(), OPENRC);
    expect(ran.filter((line) => line.startsWith("restorecon"))).toEqual([]);
    await put("/sys/fs/selinux/enforce", "1");
    await writeFile(program, "\u007fELF newer");
    await install(running(), OPENRC);
    expect(ran.filter((line) => line.startsWith("restorecon"))).toEqual([
      "restorecon -R /usr/local/bin/larder /etc/larder /var/lib/larder /etc/init.d/larder /etc/conf.d/larder",
    ]);
  });

  test("a program that does not answer makes way for the one that ran", async () => {
    failing = ["is-active"];
    await install(running(), SYSTEMD);
    failing = [];
    await writeFile(program, "\u007fELF newer");
    await put("/etc/systemd/system/larder.service", "# larder's service. An older one.\n");
    const silent = { untilItAnswers: () => Promise.reject(new Error("it does not answer")) };
    ran = [];
    await expect(install(running(), SYSTEMD, silent)).rejects.toThrow("it does not answer");
    expect(await get("/usr/local/bin/larder")).toBe("\u007fELF new");
    expect(await get("/etc/systemd/system/larder.service")).toBe("# larder's service. An older one.\n");
    // What ran is started last, from what is there again.
    expect(ran.at(-1)).toBe("systemctl restart larder.service");
    expect(ran.filter((line) => line.includes("disable"))).toEqual([]);
    expect(await tree()).not.toContain("usr/local/bin/larder.old");
    await install(running(), SYSTEMD);
    expect(await get("/usr/local/bin/larder")).toBe("\u007fELF newer");
    expect(await tree()).not.toContain("usr/local/bin/larder.old");
  });

  test("a unit that somebody else wrote is not touched", async () => {
    await put("/etc/systemd/system/larder.service", "[Service]\n");
    await expect(install(image(), SYSTEMD)).rejects.toThrow("not of larder's making");
    expect(await tree()).not.toContain("usr");
  });

  test("settings that are there stay, and those of the service", async () => {
    await put("/etc/larder/larder.yaml", "data: /var/lib/larder\n");
    await put("/etc/conf.d/larder", "larder_args=--offline\n");
    await install(image(), OPENRC);
    expect(await get("/etc/larder/larder.yaml")).toBe("data: /var/lib/larder\n");
    expect(await get("/etc/conf.d/larder")).toBe("larder_args=--offline\n");
    await remove(image(), OPENRC, false);
    expect(await get("/etc/conf.d/larder")).toBe("larder_args=--offline\n");
    await remove(image(), OPENRC, true);
    expect(await tree()).not.toContain("etc/conf.d/larder");
  });

  test("settings without a place for images from / on are refused", async () => {
    await put("/etc/larder/larder.yaml", "http: [':80']\n");
    await expect(install(image(), SYSTEMD)).rejects.toThrow("say data: /var/lib/larder in");
  });

  test("a folder of images is given to larder's account, one with other things is not", async () => {
    await put("/srv/images/store.json", "{}");
    await put("/srv/images/blobs/x", "");
    await install(image(), SYSTEMD, { dataFolder: "/srv/images" });
    expect((await stat(join(root, "/srv/images/blobs/x"))).uid).toBe(999);
    expect(await get("/etc/systemd/system/larder.service.d/data-folder.conf")).toContain(
      "\nReadWritePaths=/srv/images\n",
    );
    await put("/srv/photos/x", "");
    await expect(install(image(), SYSTEMD, { dataFolder: "/srv/photos" })).rejects.toThrow("other files");
    expect((await stat(join(root, "/srv/photos/x"))).uid).toBe(0);
  });

  test.each([SYSTEMD, OPENRC])("larder goes as it came ($name)", async (manager) => {
    const before = await tree();
    await install(running(), manager);
    await put("/var/lib/larder/blobs/x", "");
    await remove(running(), manager, false);
    expect(await tree()).toEqual(expect.arrayContaining(["etc/larder/larder.yaml", "var/lib/larder/blobs/x"]));
    expect(await tree()).not.toContain("usr/local/bin/larder");
    await remove(running(), manager, true);
    const left = (await tree()).filter((path) => !before.includes(path));
    // Folders of the system's own.
    expect(left.filter((path) => path.includes("larder"))).toEqual([]);
    expect(await planRemoval(running(), manager, true)).toEqual([]);
  });

  test("what cannot be written is said, and nothing is left half done", async () => {
    // A file where a folder should be, as good as a file system that is read-only.
    await put("/usr", "");
    await expect(install(image(), SYSTEMD)).rejects.toThrow("cannot write /usr/local/bin/larder: ");
    expect(await tree()).not.toContain("etc/larder");
    expect(await get("/etc/passwd")).toBe("root:x:0:0:root:/root:/bin/sh\n");
  });
});
