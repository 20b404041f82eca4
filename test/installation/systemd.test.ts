/** larder as a service of systemd: installed, hardened, watched, upgraded and taken away. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { buildImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { bringLarder, tryBoot } from "./machine-of-a-suite.ts";
import { SYSTEMD_NEEDS, type TestMachine } from "./test-machine.ts";

const IMAGE = "localhost/team/app:1";

const machine = requirement(...SYSTEMD_NEEDS, ...IMAGE_NEEDS, "skopeo", "dig", "nginx").met
  ? await tryBoot("systemd")
  : null;

describe.skipIf(machine === null)("a machine with systemd", () => {
  const host = machine as TestMachine;
  const folder = bringLarder(host);

  /** The paths of all files but those of systemd, and of images. */
  const everything = async () =>
    (
      await host.sh(
        "find /etc /usr/local /var/lib /root -not -path '/var/lib/systemd*' -not -path '/var/lib/nginx*' -not -path '/var/lib/larder/*' | sort",
      )
    )
      .trim()
      .split("\n");
  const mainPid = () => host.property("MainPID");
  const isActive = async () => (await host.property("ActiveState")) === "active";

  test("what would be done is told, and nothing is done", async () => {
    const before = await everything();
    const told = await host.exec(["/root/larder", "install", "--dry-run", "--standard-ports"]);
    expect(told).toContain("would write /etc/larder/larder.yaml\n");
    expect(await everything()).toEqual(before);
  });

  test("a port that another program has is told before anything is changed", async () => {
    const before = await everything();
    await host.sh(
      "printf 'daemon off; events{} pid /run/other.pid; error_log /dev/null; http{access_log off; server{listen 80;}}' > /run/other.conf; systemd-run --quiet --unit=another nginx -c /run/other.conf",
    );
    await until("nginx listens", async () => (await host.run(["curl", "-s", "http://localhost/"])).status === 0);
    const { status, errors } = await host.run(["/root/larder", "install", "--standard-ports"]);
    expect(status).toBe(1);
    expect(errors).toContain("cannot listen on :80: nginx (process ");
    expect(await everything()).toEqual(before);
    await host.sh("systemctl stop another");
  });

  test("settings that cannot be are told before anything is changed", async () => {
    const before = await everything();
    for (const flags of [
      ["--http", "nonsense"],
      ["--tls-cert", "/none.crt", "--tls-key", "/none.key", "--https", ":443"],
    ]) {
      const { status } = await host.run(["/root/larder", "install", ...flags]);
      expect(status).toBeGreaterThan(0);
    }
    expect(await everything()).toEqual(before);
  });

  test("one line makes larder a service on ports 80, 443 and 53 under an account of its own", async () => {
    const said = await host.exec(["/root/larder", "install", "--standard-ports", "--stand-in", "docker.io"]);
    expect(said).toContain("is installed, and runs");
    expect(said).toContain("http://localhost\n");
    const pid = await mainPid();
    expect(await host.sh(`ps -o user= -p ${pid}`)).toBe("larder\n");
    expect(await host.sh(`grep -E 'CapEff|NoNewPrivs' /proc/${pid}/status`)).toBe(
      "CapEff:\t0000000000000400\nNoNewPrivs:\t1\n",
    );
    expect(await host.sh("stat -c '%U:%G %a' /etc/larder/larder.yaml /var/lib/larder")).toBe(
      "root:larder 640\nlarder:larder 700\n",
    );
    expect(await host.property("StatusText")).toContain("serves at http://localhost https://localhost");
    expect(await host.property("UnitFileState")).toBe("enabled");
    expect(await host.sh("dig +short @127.0.0.1 registry-1.docker.io A; curl -fsSk https://localhost/v2/")).toContain(
      "127.0.0.1",
    );
  });

  test("and again, nothing changes", async () => {
    const [before, pid] = [await everything(), await mainPid()];
    await host.exec(["/root/larder", "install", "--standard-ports", "--stand-in", "docker.io"]);
    expect([await everything(), await mainPid()]).toEqual([before, pid]);
  });

  test("what larder.yaml does not say is not said by flags either", async () => {
    const { status, errors } = await host.run(["/root/larder", "install", "--http", ":8080"]);
    expect([status, errors.includes("never overwritten")]).toEqual([1, true]);
  });

  test("people of the machine push and pull, and root's commands find it wherever it listens", async () => {
    const { layout } = await buildImage(folder(), { name: "app", dataBytes: 32 * 1024 * 1024 });
    await host.sh("mkdir /tmp/app");
    const archive = join(folder(), "app.tar");
    Bun.spawnSync(["tar", "-C", layout, "-cf", archive, "."]);
    await host.copyIn(archive, "/tmp/app.tar");
    await host.sh("tar -C /tmp/app -xf /tmp/app.tar; chmod -R a+rX /tmp/app");
    await host.sh(`skopeo --insecure-policy copy -q --dest-tls-verify=false oci:/tmp/app:image docker://${IMAGE}`);
    // Who asks is told by the kernel's sockets and by all processes: under the unit, too.
    await host.sh(`setpriv --reuid=65534 --clear-groups curl -fsS -X POST http://localhost/v2/team/x/blobs/uploads/`);
    expect(await host.exec(["larder", "ls"])).toContain("team/app");
    expect(await host.sh("HOME=/tmp setpriv --reuid=65534 --clear-groups larder ls")).toContain("team/app");
    await host.sh(`skopeo inspect --tls-verify=false docker://${IMAGE} >/dev/null`);
  });

  test("a proxy on the machine does not pass for one of its people", async () => {
    await host.sh(
      "printf 'daemon off; user www-data; events{} pid /run/front.pid; error_log /dev/null; http{access_log off; server{listen 8080; location / { proxy_pass http://127.0.0.1:80; proxy_set_header Host localhost; }}}' > /run/front.conf; systemd-run --quiet --unit=front nginx -c /run/front.conf",
    );
    const push = "curl -s -o /dev/null -w '%{http_code}' -X POST http://localhost:8080/v2/team/x/blobs/uploads/";
    await until(
      "the proxy is there",
      async () => (await host.run(["curl", "-s", "http://localhost:8080/v2/"])).status === 0,
    );
    // larder believes what it has just seen of the processes for a second.
    await Bun.sleep(1100);
    expect(await host.sh(push)).toBe("403");
    await host.sh("systemctl stop front");
  });

  test("images become ACIs in a process of their own", async () => {
    await host.sh(
      "curl -fsS -o /tmp/app.aci http://localhost/aci/team/app:1.aci || { journalctl -u larder -n 5 >&2; false; }",
    );
    expect(await host.sh("tar -tzf /tmp/app.aci")).toContain("manifest");
  });

  test("a reload takes new settings, and refuses wrong ones while the old go on", async () => {
    await host.sh("echo 'maxSize: 5GB' >> /etc/larder/larder.yaml; systemctl reload larder");
    await until("the new settings are taken", async () =>
      (await host.sh("journalctl -u larder --no-pager -o cat")).includes("taken=maxSize"),
    );
    expect(await isActive()).toBe(true);
    await host.sh("cp -p /etc/larder/larder.yaml /run/good; echo 'tags: nonsense' >> /etc/larder/larder.yaml");
    expect((await host.run(["systemctl", "reload", "larder"])).status).toBe(1);
    expect(await host.sh("curl -fsS http://localhost/healthz >/dev/null; systemctl is-active larder")).toBe("active\n");
    // SIGHUP by hand: the service's status says what is wrong.
    await host.sh("systemctl kill --kill-whom=main -s HUP larder");
    await until("the status tells", async () => (await host.property("StatusText")).includes("nonsense"));
    await host.sh("cp -p /run/good /etc/larder/larder.yaml; systemctl reload larder");
    await until("the status is good again", async () => !(await host.property("StatusText")).includes("nonsense"));
    expect(await host.sh("journalctl -u larder --no-pager -o cat -p err")).toContain("the settings stay as they are");
  });

  test("a process that hangs is ended, and started anew with all that it had", async () => {
    await host.sh(
      "mkdir -p /run/systemd/system/larder.service.d; printf '[Service]\\nWatchdogSec=2\\n' > /run/systemd/system/larder.service.d/quick.conf; systemctl daemon-reload; systemctl restart larder",
    );
    const pid = await mainPid();
    // It lives longer than the manager's patience, since it says that it does.
    await Bun.sleep(5000);
    expect(await mainPid()).toBe(pid);
    await host.sh(`kill -STOP ${pid}`);
    await until("another process serves", async () => (await mainPid()) !== pid && (await isActive()));
    expect(await host.property("NRestarts")).not.toBe("0");
    expect(await host.exec(["larder", "ls"])).toContain("team/app");
    await host.sh("rm -r /run/systemd/system/larder.service.d; systemctl daemon-reload; systemctl restart larder");
  });

  test("open transfers end, though the manager's own patience is shorter", async () => {
    await host.sh(
      "mkdir -p /run/systemd/system/larder.service.d; printf '[Service]\\nTimeoutStopSec=2\\n' > /run/systemd/system/larder.service.d/quick.conf; systemctl daemon-reload",
    );
    const layer = (
      await host.sh(`skopeo inspect --tls-verify=false docker://${IMAGE} | grep -o 'sha256:[0-9a-f]*' | sort -u`)
    ).trim();
    const sizes = await host.sh(
      `for d in ${layer.replaceAll("\n", " ")}; do curl -fsSI "http://localhost/v2/team/app/blobs/$d" 2>/dev/null | tr -d '\\r' | sed -n "s/^[Cc]ontent-[Ll]ength: /$d /p"; done`,
    );
    const [digest = "", bytes = ""] =
      sizes
        .trim()
        .split("\n")
        .toSorted((a, b) => Number(b.split(" ")[1]) - Number(a.split(" ")[1]))[0]
        ?.split(" ") ?? [];
    const seconds = 6;
    const rate = Math.ceil(Number(bytes) / seconds);
    const transfer = host.sh(`curl -fsS --limit-rate ${rate} http://localhost/v2/team/app/blobs/${digest} | sha256sum`);
    await Bun.sleep(1000);
    await host.sh("systemctl stop larder");
    expect(`sha256:${(await transfer).split(" ")[0]}`).toBe(digest);
    expect(await host.property("Result")).toBe("success");
    await host.sh("rm -r /run/systemd/system/larder.service.d; systemctl daemon-reload; systemctl start larder");
  });

  test("wrong settings are no reason to try it over and over, and the status says what is wrong", async () => {
    await host.sh("echo 'tags: nonsense' >> /etc/larder/larder.yaml");
    expect((await host.run(["systemctl", "restart", "larder"])).status).toBe(1);
    await Bun.sleep(3000);
    expect([await host.property("ActiveState"), await host.property("NRestarts")]).toEqual(["failed", "0"]);
    expect(await host.property("StatusText")).toContain("nonsense");
    expect(await host.sh("journalctl -u larder --no-pager -o cat -p err")).toContain("nonsense");
    await host.sh("cp -p /run/good /etc/larder/larder.yaml; systemctl restart larder");
  });

  test("an upgrade that does not come up goes back to what ran", async () => {
    const hash = await host.sh("sha256sum < /usr/local/bin/larder");
    // It begins like a program, and is none.
    await host.sh("head -c 100000 /root/larder > /root/broken; chmod 755 /root/broken");
    const { status, errors } = await host.run(["/root/larder", "install", "--program", "/root/broken"]);
    expect([status, errors.includes("larder did not start")]).toEqual([1, true]);
    expect(await host.sh("sha256sum < /usr/local/bin/larder")).toBe(hash);
    expect(
      await host.sh("curl -fsS http://localhost/healthz >/dev/null; systemctl is-active larder; ls /usr/local/bin"),
    ).toBe("active\nlarder\n");
  });

  test("an upgrade in place keeps settings and images, and leaves nothing of the old one", async () => {
    const pid = await mainPid();
    const settings = await host.sh("cat /etc/larder/larder.yaml");
    // Another build of it: what follows the program is not looked at by the kernel.
    await host.sh(
      "cp /usr/local/bin/larder /root/older; systemctl stop larder; printf old > /usr/local/bin/larder; systemctl reset-failed larder || true",
    );
    await host.exec(["/root/larder", "install"]);
    expect(await mainPid()).not.toBe(pid);
    expect(await host.sh("cat /etc/larder/larder.yaml")).toBe(settings);
    expect(await host.sh("ls /usr/local/bin")).toBe("larder\n");
    expect(await host.exec(["larder", "ls"])).toContain("team/app");
  });

  test("images may lie elsewhere, in a home even", async () => {
    await host.exec(["larder", "install", "--undo", "--purge", "--yes"]);
    for (const data of ["/srv/my images", "/home/larder-data"]) {
      await host.exec(["/root/larder", "install", "--http", ":5000", "--data", data]);
      expect(await host.sh(`curl -fsS http://localhost:5000/readyz >/dev/null; stat -c %U "${data}/larder.db"`)).toBe(
        "larder\n",
      );
      await host.exec(["/root/larder", "install", "--undo", "--purge", "--yes"]);
      // What is not under /var/lib/larder is the person's.
      await host.sh(`test -e "${data}/larder.db"; rm -r "${data}"`);
    }
  });

  test("it goes without a trace, settings and images only when that is asked for", async () => {
    const before = await everything();
    await host.exec(["/root/larder", "install"]);
    const { status } = await host.run(["larder", "install", "--undo", "--purge"]);
    expect([status, await isActive()]).toEqual([2, true]);
    await host.exec(["larder", "install", "--undo"]);
    expect(
      await host.sh(
        "ls /etc/larder/larder.yaml /var/lib/larder/larder.db; ls /usr/local/bin; systemctl list-unit-files 'larder*' --no-legend || true",
      ),
    ).toBe("/etc/larder/larder.yaml\n/var/lib/larder/larder.db\n");
    await host.exec(["/root/larder", "install", "--undo", "--purge", "--yes"]);
    expect(await everything()).toEqual(before);
    expect((await host.run(["id", "larder"])).status).toBe(1);
    expect(await host.exec(["/root/larder", "install", "--undo"])).toContain("there is nothing");
  });

  test("who is not root, or has the package, is told so", async () => {
    const before = await everything();
    await host.sh("cp /root/larder /tmp/larder");
    const ordinary = await host.run(["setpriv", "--reuid=65534", "--clear-groups", "/tmp/larder", "install"]);
    expect([ordinary.status, ordinary.errors]).toEqual([1, expect.stringContaining("only root can install a service")]);
    await host.sh("touch /usr/bin/larder");
    const packaged = await host.run(["/root/larder", "install"]);
    expect([packaged.status, packaged.errors]).toEqual([1, expect.stringContaining("as a package")]);
    const removed = await host.run(["/root/larder", "install", "--undo"]);
    expect([removed.status, removed.errors]).toEqual([1, expect.stringContaining("apt remove larder")]);
    // One that was put there before the package was goes all the same, and nothing that the package has, too.
    await host.sh("cp /root/larder /usr/local/bin/larder");
    await host.exec(["/root/larder", "install", "--undo"]);
    expect((await host.run(["/root/larder", "install", "--undo", "--purge", "--yes"])).status).toBe(1);
    await host.sh("rm /usr/bin/larder");
    expect(await everything()).toEqual(before);
  });
});
