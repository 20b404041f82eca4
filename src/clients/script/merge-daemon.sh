# The arrays of daemon.json, and nothing else says to dockerd what the file says: it would not start any more.
merge_daemon() {
  if [ -d "$root/var/snap/docker/current" ] && ! docker_is_installed; then
    echo "Docker is a snap here, and reads /var/snap/docker/current/config/daemon.json instead: add larder's settings there by hand" >"$work/why"
    return 4
  fi
  json_program >"$work/json.awk"
  json=0 result=$new
  if [ ! -f "$base" ]; then
    cp "$wanted" "$new"
  else
    LC_ALL=C awk -v why="$work/why" -f "$work/json.awk" "$wanted" "$base" >"$new" || json=$?
  fi
  case $json in
    0) ;;
    3) result=$base ;;
    *) return "$json" ;;
  esac
  LC_ALL=C awk -v list=1 -v why="$work/why" -f "$work/json.awk" "$wanted" "$result" >"$work/keys"
  docker_texts >"$work/texts"
  docker_flags_program >"$work/flags.awk"
  LC_ALL=C awk -v daemon="$1" -f "$work/flags.awk" part=1 "$work/keys" part=2 "$work/texts" >"$work/found" || {
    { echo "dockerd would not start with it, or not read it:"; cat "$work/found"; } >"$work/why"
    return 4
  }
  checked=$result
  dockerd_takes || return 4
  return "$json"
}

docker_is_installed() {
  [ -e "$root/usr/bin/dockerd" ] || [ -e "$root/usr/sbin/dockerd" ] || [ -e "$root/usr/local/bin/dockerd" ]
}

# docker_texts: all that may hold flags of dockerd, a line each: KIND TAB SOURCE TAB LINE NUMBER TAB TEXT.
docker_texts() {
  tab=$(printf '\t')
  : >"$work/arguments"
  docker_process
  docker_systemd
  docker_unit_files | while IFS=$tab read -r kind found; do
    text_lines "$kind" "$root$found" "$found"
    sed -n 's/^[[:space:]]*EnvironmentFile[[:space:]]*=[[:space:]]*-\{0,1\}//p' "$root$found" | variables_files
  done
  docker_other_files | variables_files
}

# text_lines KIND FILE SOURCE
text_lines() { LC_ALL=C awk -v kind="$1" -v source="$3" '{ print kind "\t" source "\t" FNR "\t" $0 }' "$2"; }

# variables_files: the lines of each file that a pattern on standard input names.
variables_files() {
  while IFS= read -r pattern; do
    saved_ifs=$IFS IFS=
    set -- $root$pattern
    IFS=$saved_ifs
    for found in "$@"; do
      if [ -f "$found" ]; then text_lines variables "$found" "${found#"$root"}"; fi
    done
  done
}

# docker_unit_files: docker.service where it counts, and its drop-ins; one hides others of its name in later folders.
docker_unit_files() {
  units="/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system"
  for folder in $units; do
    if [ -f "$root$folder/docker.service" ]; then printf 'unit\t%s\n' "$folder/docker.service"; break; fi
  done
  hidden=' '
  for folder in $units; do
    for found in "$root$folder"/docker.service.d/*.conf; do
      case $hidden in *" ${found##*/} "*) continue ;; esac
      if present "$found"; then hidden="$hidden${found##*/} "; fi
      if [ -f "$found" ]; then printf 'dropin\t%s\n' "${found#"$root"}"; fi
    done
  done
}

# docker_process: the arguments of the dockerd that runs on this machine, not of one in a container or of a user's own.
docker_process() {
  for folder in "$root"/proc/[0-9]*; do
    comm=
    if [ -r "$folder/comm" ]; then read -r comm <"$folder/comm" || :; fi
    case $comm in dockerd*) ;; *) continue ;; esac
    here=yes
    for space in pid net; do
      theirs=$(readlink "$folder/ns/$space" || :) ours=$(readlink "$root/proc/self/ns/$space" || :)
      if [ -n "$theirs" ] && [ -n "$ours" ] && [ "$theirs" != "$ours" ]; then here=no; fi
    done
    if grep -q '^Uid:[[:space:]]*[1-9]' "$folder/status" 2>/dev/null; then here=no; fi
    if [ "$here" = no ]; then continue; fi
    tr '\000' '\n' <"$folder/cmdline" | sed 1d >"$work/arguments"
    echo "$folder/exe" >"$work/dockerd"
    text_lines process "$work/arguments" "the dockerd that runs (process ${folder##*/})"
    return 0
  done
}

# docker_systemd: docker.service as systemd has read it.
docker_systemd() {
  systemctl=${LARDER_SYSTEMCTL:-}
  if [ -z "$systemctl" ] && [ -z "$root" ]; then systemctl=$(command -v systemctl || :); fi
  if [ -z "$systemctl" ]; then return 0; fi
  "$systemctl" show -p ExecStart -p Environment -p EnvironmentFiles docker.service </dev/null >"$work/shown" 2>/dev/null || return 0
  if ! grep -q '^ExecStart=.*argv' "$work/shown"; then return 0; fi
  grep -E '^(ExecStart|Environment)=' "$work/shown" | text_lines systemd - "systemd's docker.service (systemctl show docker)"
  sed -n 's/^EnvironmentFiles=\([^ ]*\).*/\1/p' "$work/shown" | variables_files
  if [ ! -s "$work/arguments" ]; then
    sed -n 's/^ExecStart=.*argv\[\]=[^ ]* \{0,1\}\([^;]*\) ;.*/\1/p' "$work/shown" | tr ' ' '\n' | grep -v -e '[$"\\]' -e '^$' >"$work/arguments" || :
  fi
}

# dockerd_takes: does dockerd say itself that it would start with the file in $checked? It can from version 23 on.
dockerd_takes() {
  dockerd=${LARDER_DOCKERD:-}
  if [ -z "$dockerd" ] && [ -f "$work/dockerd" ]; then dockerd=$(cat "$work/dockerd"); fi
  if [ -z "$dockerd" ] && [ -z "$root" ]; then dockerd=$(command -v dockerd || :); fi
  if [ -z "$dockerd" ] || ! "$dockerd" --help </dev/null 2>&1 | grep -q -e '--validate'; then return 0; fi
  set --
  while IFS= read -r argument; do set -- "$@" "$argument"; done <"$work/arguments"
  if "$dockerd" "$@" --validate --config-file "$checked" </dev/null >"$work/said" 2>&1; then return 0; fi
  { echo "dockerd would not start with what it is to be (dockerd --validate):"; tail -n 3 "$work/said"; } >"$work/why"
  return 1
}
