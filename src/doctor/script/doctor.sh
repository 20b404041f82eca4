# --- why does this machine not pull from larder? ---------------------------------------------------------------------
#
# Changes nothing. Before this part stand $larder (its URL), $stand_ins (names of registries), $server_time (seconds, by
# larder's clock), what larder says of itself (server_findings), its authority (larder_authority) and the functions that
# find containerd. What is found is a line in $work/findings: STATUS TAB CHECK TAB SUBJECT TAB MESSAGE TAB ADVICE; those
# that differ in their SUBJECT alone, which stands for %s in the MESSAGE, are one line in the report.

say() { printf 'larder: %s\n' "$*" >&2; }
present() { [ -e "$1" ] || [ -L "$1" ]; }

# found STATUS CHECK SUBJECT MESSAGE [ADVICE]
found() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "${5:-}" >>"$work/findings"; }

# get URL CA: what is there, in $work/answer; CA is a file of authorities, `system` for the system's, `any` for no matter
# who. Sets $why when it fails: untrusted, or the reason.
get() {
  why=''
  case $2 in
    any) trust=-k ;;
    system) trust='' ;;
    *) trust="--cacert $2" ;;
  esac
  if command -v curl >/dev/null; then
    got=0
    # Unquoted: an option and its value, whose path has no blanks.
    curl -sS --noproxy '*' -m 5 --max-filesize 65536 -o "$work/answer" -w '%{http_code}' $trust "$1" >"$work/code" 2>"$work/said" || got=$?
    case $got in
      0) return 0 ;;
      6) why="its name has no address here" ;;
      7) why="nobody listens there" ;;
      28) why="no answer within 5 s" ;;
      35 | 56) why="the connection was closed" ;;
      51 | 60 | 77) why=untrusted ;;
      *) why="curl ended with $got" ;;
    esac
    return 1
  fi
  if [ "$2" = any ]; then trust=--no-check-certificate; elif [ "$2" = system ]; then trust=''; else trust="--ca-certificate=$2"; fi
  if wget -q -T 5 -O "$work/answer" $trust "$1" 2>"$work/said"; then echo 200 >"$work/code"; return 0; fi
  sed -n 's,.*HTTP/[0-9.]* \([0-9]*\).*,\1,p' "$work/said" | tail -n 1 >"$work/code"
  if [ -s "$work/code" ]; then return 0; fi
  if grep -q -i certificate "$work/said"; then why=untrusted; else why="no answer"; fi
  return 1
}

# probe ORIGIN CA: who answers there? Sets $who to larder, registry, other or nobody, $why to the reason for nobody, and
# $trusted to no where the certificate was refused. Asked once.
probe() {
  key=$(printf '%s %s' "$1" "$2" | tr -c 'A-Za-z0-9\n' _)
  if [ ! -f "$work/probe.$key" ]; then probe_now "$1" "$2" >"$work/probe.$key"; fi
  { read -r who; read -r trusted; read -r why; } <"$work/probe.$key" || :
}

probe_now() {
  refused=yes
  if ! get "$1/v2/" "$2"; then
    if [ "$why" != untrusted ]; then printf 'nobody\nyes\n%s\n' "$why"; return 0; fi
    refused=no
  fi
  if get "$1/api/v1/version" any && grep -q '"name": *"larder"' "$work/answer"; then
    printf 'larder\n%s\n\n' "$refused"
  elif get "$1/v2/" any && grep -q -x -e 200 -e 401 "$work/code"; then
    printf 'registry\n%s\n\n' "$refused"
  else
    printf 'other\n%s\n\n' "$refused"
  fi
}

# asks RUNTIME REGISTRY ORIGIN CA FILE: judges where a runtime's settings lead for a registry.
asks() {
  probe "$3" "$4"
  covered="$covered $1:$2 "
  case $who:$trusted in
    larder:yes) found ok "$1" "$2" "asks $3 for %s, and that is larder" ;;
    larder:no)
      found FAIL "$1" "$2" "asks $3 for %s, and that is larder, whose certificate it does not accept" \
        "run the script of $larder/client/ again, which brings the authority; is this machine's clock right?" ;;
    nobody:*)
      found FAIL "$1" "$2" "asks $3 for %s, and nobody answers there: $why" \
        "is larder running, and is the address right? It stands in $5" ;;
    *)
      found FAIL "$1" "$2" "asks $3 for %s, and that is not larder: $5 says so" \
        "if that is not meant, move the file away, and run the script of $larder/client/ again" ;;
  esac
}

# host_line FILE: which origin a hosts.toml has asked first, and the file of its authority: ORIGIN TAB CA.
host_line() {
  LC_ALL=C awk '
    function quoted(text) { return match(text, /"[^"]*"|\047[^\047]*\047/) ? substr(text, RSTART + 1, RLENGTH - 2) : "" }
    /^[ \t]*\[[ \t]*host[ \t]*\./ { hosts++; if (hosts == 1 && $0 !~ /\][ \t]*\./) { host = quoted($0); inside = 1 } else inside = 0; next }
    /^[ \t]*\[/ { inside = 0; next }
    /^[ \t]*server[ \t]*=/ { server = quoted($0) }
    /^[ \t]*ca[ \t]*=/ { if (inside) ca = quoted($0); else if (!hosts) top = quoted($0) }
    /^[ \t]*skip_verify[ \t]*=[ \t]*true/ { if (inside) lax = 1 }
    END {
      if (host == "") { host = server; ca = top }
      if (host !~ /:\/\//) host = "https://" host
      sub(/^[^:]*:\/\/[^\/]*/, "&\t", host); sub(/\t.*/, "", host)
      print host "\t" (lax ? "any" : ca == "" ? "system" : ca)
    }' "$1"
}

# by_hosts_toml RUNTIME FOLDER: what the hosts.toml files below say for each registry.
by_hosts_toml() {
  for name in $stand_ins; do
    for file in "$2/$name/hosts.toml" "$2/_default/hosts.toml"; do
      if [ ! -f "$file" ]; then continue; fi
      line=$(host_line "$file")
      asks "$1" "$name" "${line%%	*}" "${line#*	}" "$file"
      break
    done
  done
}

# --- runtimes: those that run, or that larder's script has set up ----------------------------------------------------

# runs NAME...: is one of them a process of this machine's own?
runs() {
  for process in /proc/[0-9]*; do
    { read -r name <"$process/comm"; } 2>/dev/null || continue
    case " $* " in *" $name "*) ;; *) continue ;; esac
    if [ -z "$(owner_of "$process")" ]; then continue; fi
    if same_namespace pid "${process#/proc/}" 2>/dev/null; then running=${process#/proc/}; return 0; fi
  done
  return 1
}

joined() { [ -f "/var/lib/larder-client/$1/index" ]; }

examine_containerd() {
  find_containerd
  label=containerd
  case $containerd_config in
    /var/lib/rancher/k3s/*) label=k3s ;;
    /var/lib/rancher/*) label=rke2 ;;
  esac
  if [ -z "$containerd_pid" ] && ! joined containerd; then return 0; fi
  used="$used $label"
  if [ "$label" != containerd ]; then unread_settings; fi
  : >"$work/facts"
  if [ -n "$containerd_program" ] && (cd "$containerd_cwd" && "$containerd_program" --config "$containerd_config" config dump) </dev/null >"$work/dump" 2>/dev/null; then
    facts_of "$work/dump" >"$work/facts"
  elif [ -f "$containerd_config" ]; then
    cp "$containerd_config" "$work/dump"
    facts_of "$containerd_config" >"$work/facts"
  fi
  path=$(sed -n 's/^path [a-z]* [0-9]* //p' "$work/facts" | tail -n 1)
  remedy="run the script of $larder/client/containerd.sh again, which sets it and restarts containerd"
  if grep -q '^disabled$' "$work/facts"; then path=/etc/containerd/certs.d
  elif grep -q '^mirrors ' "$work/facts"; then
    found FAIL "$label" '' "$containerd_config configures registries in the old way (mirrors): hosts.toml files are not read" \
      "move that to /etc/containerd/certs.d, and $remedy"
    return 0
  elif [ -z "$path" ]; then
    found FAIL "$label" '' "$containerd_config has no config_path, so that the kubelet's pulls read no hosts.toml" "$remedy"
    return 0
  fi
  case $path in
    *:*) found FAIL "$label" '' "config_path is the list $path, of which no hosts.toml is read since containerd 2.1" "$remedy"; return 0 ;;
  esac
  if [ -n "$containerd_pid" ] && [ -f "$containerd_config" ] && has_not_read "$containerd_config"; then
    found FAIL "$label" '' "the containerd that runs (process $containerd_pid) was started before $containerd_config was changed, and has not read it" \
      "restart it: systemctl restart $containerd_unit"
  fi
  by_hosts_toml "$label" "${path%/}"
  sandbox=$(LC_ALL=C awk '/^[ \t]*(sandbox_image|sandbox)[ \t]*=[ \t]*["\047][^"\047]/ { match($0, /["\047][^"\047]*["\047]/); print substr($0, RSTART + 1, RLENGTH - 2); exit }' "$work/dump" 2>/dev/null || :)
  if [ -n "$sandbox" ]; then examine_sandbox "$label" "$sandbox"; fi
}

# unread_settings: k3s and RKE2 read registries.yaml at their start alone.
unread_settings() {
  file=/etc/rancher/$label/registries.yaml
  if [ -f "$file" ] && has_not_read "$file"; then
    found FAIL "$label" '' "$file was changed after the containerd that runs was started, and has not taken effect" \
      "restart it: systemctl restart $containerd_unit"
  fi
}

# examine_sandbox RUNTIME IMAGE: without it no pod starts.
examine_sandbox() {
  case $2 in *@*) tag=${2#*@} path=${2%@*} ;; *) tag=${2##*:} path=${2%:*} ;; esac
  host=${path%%/*}
  case " $stand_ins " in *" $host "*) ;; *) return 0 ;; esac
  if ! command -v curl >/dev/null; then return 0; fi
  code=$(curl -sSk --noproxy '*' -m 20 -o /dev/null -w '%{http_code}' -I \
    -H 'Accept: application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' \
    "$larder/v2/${path#*/}/manifests/$tag?ns=$host" 2>/dev/null || :)
  if [ "$code" = 200 ]; then
    found ok sandbox "$1" "%s starts every pod with $2, which larder has or can fetch"
  elif [ "$code" = 401 ] || [ "$code" = 403 ]; then
    found FAIL sandbox "$1" "%s starts every pod with $2, which larder gives to nobody who does not log in (status $code): no pod starts on a node that lacks it" \
      "a rule that lets anonymous pull ${path} (auth.rules): runtimes send no pull secret for it"
  else
    found FAIL sandbox "$1" "%s starts every pod with $2, which larder neither has nor can fetch now (status ${code:-none}): no pod starts on a node that lacks it" \
      "larder cache $2, where there is a way to its registry"
  fi
}

# CRI-O, Podman, Buildah and skopeo: the first mirror of each table of larder's own file.
examine_containers() {
  file=/etc/containers/registries.conf.d/50-larder.conf
  if ! runs crio && ! joined containers && ! grep -q -s '"id"' /var/lib/containers/storage/*-images/images.json; then return 0; fi
  used="$used containers"
  if [ ! -f "$file" ]; then return 0; fi
  LC_ALL=C awk '
    function quoted(text) { return match(text, /"[^"]*"|\047[^\047]*\047/) ? substr(text, RSTART + 1, RLENGTH - 2) : "" }
    function flush() { if (prefix != "" && place != "") print prefix "\t" (lax ? "http" : "https") "\t" place }
    /^[ \t]*\[\[registry\]\]/ { flush(); prefix = place = ""; lax = mirrors = 0; next }
    /^[ \t]*\[\[registry\.mirror\]\]/ { mirrors++; if (mirrors == 1) { place = ""; lax = 0 } next }
    mirrors > 1 { next }
    /^[ \t]*prefix[ \t]*=/ { prefix = quoted($0) }
    /^[ \t]*location[ \t]*=/ { place = quoted($0); if (prefix == "") prefix = place }
    /^[ \t]*insecure[ \t]*=[ \t]*true/ { lax = 1 }
    END { flush() }' "$file" >"$work/tables"
  while IFS='	' read -r prefix scheme place; do
    case " $stand_ins " in *" $prefix "*) ;; *) continue ;; esac
    authority=system
    for certificate in "/etc/containers/certs.d/${place%%/*}"/*.crt; do if [ -f "$certificate" ]; then authority=$certificate; fi; done
    asks containers "$prefix" "$scheme://${place%%/*}" "$authority" "$file"
  done <"$work/tables"
}

# dockerd: registry-mirrors for docker.io; hosts.toml files for the containerd image store.
examine_docker() {
  if ! runs dockerd && ! joined docker && ! joined docker-systemd; then return 0; fi
  used="$used docker"
  file=/etc/docker/daemon.json
  if [ -f "$file" ]; then
    mirror=$(tr -d '\n' <"$file" | sed -n 's/.*"registry-mirrors"[^[]*\[ *"\([^"]*\)".*/\1/p' | sed 's,\\/,/,g')
    if [ -n "$mirror" ]; then
      mirror=$(printf '%s\n' "$mirror" | sed 's,\(://[^/]*\).*,\1,')
      authority=system
      for certificate in "/etc/docker/certs.d/${mirror#*://}"/*.crt; do if [ -f "$certificate" ]; then authority=$certificate; fi; done
      asks docker docker.io "$mirror" "$authority" "$file"
    fi
  fi
  if [ -z "$(ls /var/lib/docker/image 2>/dev/null)" ]; then
    for name in $stand_ins; do
      case $covered in *" docker:$name "*) continue ;; esac
      file=/etc/docker/certs.d/$name/hosts.toml
      if [ ! -f "$file" ]; then continue; fi
      line=$(host_line "$file")
      asks docker "$name" "${line%%	*}" "${line#*	}" "$file"
    done
  fi
}

# use_installed: where none is in use, all of them may be meant to be.
use_installed() {
  for program in containerd:containerd crio:containers podman:containers buildah:containers skopeo:containers dockerd:docker k3s:k3s rke2:rke2; do
    if ! PATH="$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin" command -v "${program%:*}" >/dev/null; then continue; fi
    case " $used " in *" ${program#*:} "*) ;; *) used="$used ${program#*:}" ;; esac
  done
}

# --- names: where the registries' own lead ---------------------------------------------------------------------------

address_of() {
  if command -v getent >/dev/null; then getent ahosts "$1" | awk '!seen[$1]++ { print $1 }' | head -n 3 | tr '\n' ' '
  else nslookup "$1" 2>/dev/null | awk '/^Name:/ { named = 1 } named && /^Address/ { print $NF }' | head -n 3 | tr '\n' ' '; fi
}

examine_name() {
  # An address, or a port of its own, leads where it says.
  case $1 in *:* | localhost | [0-9]*.[0-9]*.[0-9]*.[0-9]*) return 0 ;; esac
  overlooked='' by=''
  for runtime in $used; do
    case $covered in *" $runtime:$1 "*) by="$by $runtime" ;; *) overlooked="$overlooked $runtime" ;; esac
  done
  # Where every runtime is led by its settings, the name does not matter.
  if [ -n "$used" ] && [ -z "$overlooked" ]; then return 0; fi
  host=$1
  if [ "$1" = docker.io ]; then host=registry-1.docker.io; fi
  addresses=$(address_of "$host")
  them=$(echo $overlooked | sed 's/ / and /g')
  status=FAIL
  if [ -z "$used" ]; then status=warn them='whatever pulls here'; fi
  if [ -z "$addresses" ]; then
    found "$status" name "$host" "%s: no address on this machine; a pull by $them gets nowhere" "bring it here with a line of $larder/client/"
    return 0
  fi
  probe "https://$host" system
  port='port 443'
  if [ "$who" = nobody ]; then silence=$why; probe "http://$host" any; port='port 80 alone'; fi
  case $who:$trusted in
    larder:yes)
      if [ "$port" = 'port 443' ]; then found ok name "$host" "%s: larder at ${addresses% }, by HTTPS that is trusted"
      else found "$status" name "$host" "%s: larder at ${addresses% }, $port; $them would refuse that" "tell the runtime: $larder/client/TARGET.sh?mode=spoof"; fi ;;
    larder:no)
      found "$status" name "$host" "%s: larder at ${addresses% }, with a certificate that this machine does not trust; $them would refuse that" \
        "have this machine trust larder's authority: $larder/client/trust.sh" ;;
    nobody:*) found "$status" name "$host" "%s: nobody answers ($silence); a pull by $them gets nowhere" "bring it here with a line of $larder/client/" ;;
    *) found warn name "$host" "%s: not larder; $them goes past larder" "bring it here with a line of $larder/client/" ;;
  esac
}

# --- the machine ------------------------------------------------------------------------------------------------------

examine_machine() {
  difference=$(($(date +%s) - server_time))
  side=ahead
  if [ "$difference" -lt 0 ]; then difference=$((-difference)) side=behind; fi
  if [ "$difference" -lt 60 ]; then
    found ok clock '' "this machine's is right by larder's"
  else
    status=warn
    if [ "$difference" -gt 2592000 ]; then status=FAIL; fi
    found "$status" clock '' "this machine's is $difference s $side of larder's" "set the clocks (timedatectl, chrony): certificates are valid at their time only"
  fi
  for folder in /var/lib/containerd /var/lib/containers /var/lib/docker /var/lib/rancher; do
    if [ ! -d "$folder" ]; then continue; fi
    df -Pk "$folder" 2>/dev/null | awk 'END { print int($4 / 1024), ($2 > 0 ? int(100 * $4 / $2) : 0) }' >"$work/space"
    read -r free share <"$work/space"
    if [ "$free" -lt 256 ]; then found FAIL disk "$folder" "%s: $free MiB free" "make room: what is not here yet cannot be kept"
    elif [ "$free" -lt 1024 ] || [ "$share" -lt 5 ]; then found warn disk "$folder" "%s: $free MiB free" "make room before it is full"; fi
  done
}

# report: one line for one cause; exit status 1 when something would stop a pull.
report() {
  LC_ALL=C awk -F '\t' '
    function list(n, names, i, text) {
      if (n > 4) { names[4] = (n - 3) " more"; n = 4 }
      for (i = 1; i <= n; i++) text = text (i == 1 ? "" : i == n ? " and " : ", ") names[i]
      return text
    }
    { key = $1 FS $2 FS $4 FS $5 }
    !(key in count) { order[++keys] = key }
    { if ($3 != "" && !((key, $3) in seen)) { seen[key, $3] = 1; subject[key, ++count[key]] = $3 } else count[key] += 0 }
    END {
      for (k = 1; k <= keys; k++) {
        split(order[k], part, FS)
        n = count[order[k]]
        for (i = 1; i <= n; i++) names[i] = subject[order[k], i]
        text = part[3]
        at = index(text, "%s")
        if (at) text = substr(text, 1, at - 1) list(n, names) substr(text, at + 2)
        printf "%-6s%-11s%s\n", part[1], part[2], text
        if (part[4] != "") printf "%17s-> %s\n", "", part[4]
        if (part[1] == "FAIL") failed++
      }
      if (failed) { print "larder: " failed " of these would stop a pull" | "cat >&2"; close("cat >&2") }
      exit failed > 0
    }' "$work/findings"
}

main() {
  if [ "$(id -u)" != 0 ]; then say "not run as root: what only root may read is passed over"; fi
  root='' used='' covered='' running=''
  work=$(mktemp -d "${TMPDIR:-/tmp}/larder.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if ! command -v curl >/dev/null && ! command -v wget >/dev/null; then say "this needs curl or wget"; exit 1; fi
  : >"$work/findings"
  found ok larder '' "answers at $larder"
  server_findings >>"$work/findings"
  # What cannot be looked at keeps nothing else from being looked at.
  examine_machine || :
  examine_containerd || :
  examine_containers || :
  examine_docker || :
  if [ -z "$used" ]; then use_installed; fi
  if [ -z "$used" ]; then
    found warn runtime '' "this machine has no containerd, CRI-O, Podman, Docker, k3s or RKE2" "on a node, run this there"
  fi
  for name in $stand_ins; do examine_name "$name" || :; done
  report
}
