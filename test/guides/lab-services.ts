/**
 * The service manager of a guide's host: as much of `systemctl` as nodes need, since no systemd runs in a lab.
 *
 * A service is what its unit says (`/etc/systemd/system/NAME.service`, else the package's): `ExecStart`, `Environment`, `User`.
 * `start` and `restart` return when it is ready, as those of a unit with `Type=notify` do. Its output is in
 * `/run/lab-services/NAME.log`.
 */
import type { LabHost } from "../end-to-end/lab-host.ts";

const SYSTEMCTL = `#!/bin/bash
state=/run/lab-services
mkdir -p $state
words=()
for word in "$@"; do case $word in --now | --quiet | -q) ;; *) words+=("$word") ;; esac; done
verb=\${words[0]}
[ "$verb" != daemon-reload ] || exit 0

unit_of() {
  for unit in /etc/systemd/system/$1.service /lib/systemd/system/$1.service /usr/lib/systemd/system/$1.service; do
    [ ! -e $unit ] || { echo $unit; return; }
  done
  echo "Unit $1.service not found." >&2
  exit 5
}

# Nobody takes the exit status of what has ended, so that it stays as a zombie.
is_alive() { grep -q "^State:.[^Z]" /proc/$1/status 2>/dev/null; }
is_active() { [ -e $state/$1.pid ] && is_alive "$(cat $state/$1.pid)"; }

stop() {
  is_active $1 || return 0
  pid=$(cat $state/$1.pid)
  kill $pid
  for try in $(seq 300); do is_alive $pid || break; sleep 0.1; done
  rm -f $state/$1.pid
}

start() {
  ! is_active $1 || return 0
  unit=$(unit_of $1) || exit $?
  command=$(sed -n 's/^ExecStart=//p' $unit | tail -n 1)
  settings=$(sed -n 's/^Environment=//p' $unit)
  eval "exec env -i PATH=$PATH HOME=$HOME $settings setsid $command" </dev/null >>$state/$1.log 2>&1 &
  echo $! >$state/$1.pid
  for try in $(seq 300); do
    is_active $1 || break
    is_ready $1 && return 0
    sleep 0.1
  done
  echo "Job for $1.service failed:" >&2
  tail -n 5 $state/$1.log >&2
  exit 1
}

is_ready() {
  case $1 in
    containerd) ctr version >/dev/null 2>&1 ;;
    docker) docker version >/dev/null 2>&1 ;;
    haproxy | nginx) curl -ks -o /dev/null https://127.0.0.1 ;;
    *) sleep 0.3 ;;
  esac
}

for name in "\${words[@]:1}"; do
  name=\${name%.service}
  case $verb in
    is-active) is_active $name || exit 3 ;;
    start) start $name ;;
    stop) stop $name ;;
    restart) stop $name; start $name ;;
    try-restart) ! is_active $name || { stop $name; start $name; } ;;
    reload) kill -HUP "$(cat $state/$name.pid)" ;;
    *) exit 1 ;;
  esac
done
`;

/** Debian's units ask for sockets and groups that only systemd has. */
const UNITS: Readonly<Record<string, string>> = {
  containerd: "containerd",
  docker: "dockerd",
  haproxy: "haproxy -db -f /etc/haproxy/haproxy.cfg",
  nginx: "nginx -g 'daemon off;'",
};

/** Gives a host its service manager, and starts `names` by it. */
export async function startServices(host: LabHost, ...names: readonly string[]): Promise<void> {
  await host.exec(["sh", "-c", "cat >/usr/local/bin/systemctl && chmod 755 /usr/local/bin/systemctl"], {
    input: SYSTEMCTL,
  });
  // What scripts take for the sign that systemd runs: sd_booted(3).
  await host.exec(["mkdir", "-p", "/run/systemd/system"]);
  for (const [name, command] of Object.entries(UNITS))
    await host.writeFile(`/etc/systemd/system/${name}.service`, `[Service]\nExecStart=${command}\n`);
  for (const name of names) await host.exec(["systemctl", "start", name]);
}
