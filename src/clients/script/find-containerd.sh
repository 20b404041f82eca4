# --- containerd: which one, and what it says ----------------------------------------------------------------------
#
# What takes effect counts: the file that the running containerd was given, with all that it imports, as its own
# 'config dump' shows it. Where there is none to ask (an image that is being built), the files are read here.

# find_containerd: sets $containerd_config, $containerd_program ('' when there is none to ask), $containerd_pid ('' when
# none runs), $containerd_started (when that was, in the kernel's ticks), $containerd_unit (the service to restart),
# $containerd_cwd (containerd 1.x takes a relative import with * from there), $containerd_unknown (why it is not known
# which file it reads, or '').
find_containerd() {
  containerd_facts_program >"$work/facts.awk"
  merge_containerd_program >"$work/merge.awk"
  containerd_unit=containerd containerd_unknown=''
  containerd_pid='' containerd_program=${LARDER_CONTAINERD:-} containerd_config=/etc/containerd/config.toml containerd_cwd=/
  if [ -z "$root" ]; then find_running_containerd; fi
  if [ -z "$containerd_pid" ]; then config_of_service; fi
  if [ -z "$root" ] && [ -z "$containerd_program" ]; then
    containerd_program=$(PATH="$PATH:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/opt/bin" && command -v containerd || :)
  fi
}

# find_running_containerd: one that serves CRI rather than one that does not (dockerd's own, Docker's package), that with
# the usual configuration rather than another.
find_running_containerd() {
  best=0
  for process in /proc/[0-9]*; do
    if ! is_containerd "$process"; then continue; fi
    config=$(config_of "$process")
    case $config in /run/docker/* | /var/run/docker/*) continue ;; esac
    rank=1
    if [ "$config" = /etc/containerd/config.toml ]; then rank=2; fi
    if [ ! -f "$config" ] || ! facts_of "$config" | grep -q '^disabled$'; then rank=$((rank + 2)); fi
    if [ "$rank" -le "$best" ]; then continue; fi
    best=$rank containerd_pid=${process#/proc/} containerd_config=$config containerd_cwd=$process/cwd
  done
  if [ -z "$containerd_pid" ]; then return 0; fi
  containerd_started=$(started_at "$containerd_pid")
  containerd_unit=$(unit_of "$containerd_pid")
  if [ -z "$containerd_program" ] && same_namespace mnt "$containerd_pid"; then
    # Of that very version, even when an upgrade has replaced the file.
    containerd_program=/proc/$containerd_pid/exe
  fi
}

# config_of_service: where none runs, the file that systemd's service would give to it.
config_of_service() {
  started_with=$(service_lines | awk '
    function unquoted(text) { gsub(/["\047]/, "", text); return text }
    { sub(/\r$/, "") }
    /^[ \t]*[#;]/ { next }
    { line = held $0; held = "" }
    /\\$/ { sub(/\\$/, " ", line); held = line; next }
    line ~ /^[ \t]*ExecStart[ \t]*=/ { sub(/^[^=]*=/, "", line); command = line }
    line ~ /^[ \t]*Environment[ \t]*=/ {
      sub(/^[^=]*=/, "", line)
      count = split(unquoted(line), word, /[ \t]+/)
      for (i = 1; i <= count; i++) if (match(word[i], /=/)) value[substr(word[i], 1, RSTART - 1)] = substr(word[i], RSTART + 1)
    }
    END {
      count = split(unquoted(command), word, /[ \t]+/)
      for (i = 1; i <= count; i++) {
        if (word[i] ~ /^--?(config|c)=/) { path = word[i]; sub(/^[^=]*=/, "", path) }
        else if (word[i] ~ /^--?(config|c)$/) path = word[i + 1]
      }
      given = path
      while (match(path, /\$\{?[A-Za-z_][A-Za-z_0-9]*\}?/)) {
        name = substr(path, RSTART, RLENGTH)
        gsub(/[${}]/, "", name)
        # What is not set is empty; a file of variables may set it.
        path = substr(path, 1, RSTART - 1) value[name] substr(path, RSTART + RLENGTH)
      }
      print path == "" ? given : path
    }')
  case $started_with in
    '') ;;
    /*) containerd_config=$started_with ;;
    *) containerd_unknown="the service of containerd starts it with --config $started_with, and which file that is is not known here" ;;
  esac
}

# service_lines: containerd.service, and then its drop-ins.
service_lines() {
  for folder in etc run usr/local/lib usr/lib lib; do
    if [ -f "$root/$folder/systemd/system/containerd.service" ]; then
      cat "$root/$folder/systemd/system/containerd.service"
      break
    fi
  done
  for folder in lib usr/lib usr/local/lib run etc; do
    for found in "$root/$folder/systemd/system/containerd.service.d"/*.conf; do
      if [ -f "$found" ]; then echo; cat "$found"; fi
    done
  done
}

# is_containerd PROCESS: root's, and not a container's, since its program will be run here; no short-lived command.
is_containerd() {
  { read -r name <"$1/comm"; } 2>/dev/null || return 1
  [ "$name" = containerd ] || return 1
  if arguments_of "$1" | grep -q -x -e publish -e config -e oci-hook; then return 1; fi
  same_namespace pid "${1#/proc/}" && [ "$(owner_of "$1")" = 0 ]
}

# owner_of PROCESS: its user's number; empty for one that has ended and whose parent has not heard of it yet.
owner_of() { awk '$1 == "State:" && $2 == "Z" { exit } $1 == "Uid:" { print $2 }' "$1/status" 2>/dev/null; }

# unit_of PID: the service of systemd that it is part of, without .service; else the usual one.
unit_of() {
  sed -n 's,^\(0:\|[0-9]*:name=systemd\):.*/\([^/]*\)\.service$,\2,p' "/proc/$1/cgroup" | grep -v '^user@' | head -n 1 | grep . || echo containerd
}

# started_at PID: in ticks since the machine started; empty when it has ended.
started_at() { awk '{ sub(/.*\) /, ""); print $20 }' "/proc/$1/stat" 2>/dev/null || :; }

same_namespace() { [ "$(readlink "/proc/$2/ns/$1")" = "$(readlink "/proc/self/ns/$1")" ]; }

arguments_of() { tr '\0' '\n' <"$1/cmdline" 2>/dev/null; }

# config_of PROCESS: the file that it was started with.
config_of() {
  given=$(arguments_of "$1" | awk '
    takes { value = $0; takes = 0; next }
    /^--?(config|c)$/ { takes = 1 }
    /^--?(config|c)=/ { value = $0; sub(/^[^=]*=/, "", value) }
    END { print value }')
  case $given in
    '') echo /etc/containerd/config.toml ;;
    /*) echo "$given" ;;
    *) echo "$(readlink "$1/cwd")/$given" ;;
  esac
}

# containerd_version: MAJOR MINOR, or 0 0.
containerd_version() {
  if [ -n "$containerd_program" ]; then "$containerd_program" --version </dev/null 2>/dev/null || :; fi |
    awk '{ sub(/^v/, "", $3); if (split($3, part, ".") > 1) { print part[1] + 0, part[2] + 0; done = 1; exit } }
      END { if (!done) print 0, 0 }'
}

# facts_of FILE: see containerd-facts.awk, which is the program.
facts_of() { LC_ALL=C awk -f "$work/facts.awk" "$1"; }

# ask_containerd FILE: the facts of what containerd would make of FILE in the place of $live, in $work/facts. Fails when
# it does not take the file, and has said why in $work/errors.
ask_containerd() {
  stand_in "$1"
  (cd "$containerd_cwd" && "$containerd_program" --config "$work/system$live" config dump) \
    </dev/null >"$work/dump" 2>"$work/said" || {
    # Of the last line, with the names that a person knows.
    tail -n 1 "$work/said" | sed "s,$work/system,,g" >"$work/errors"
    return 1
  }
  facts_of "$work/dump" >"$work/facts"
}

# stand_in FILE: $work/system is this system by links, with FILE in the place of $live, so that relative imports lead
# to the same files.
stand_in() {
  rm -rf "$work/system"
  level=$(dirname "$live")
  mkdir -p "$work/system$level"
  cp "$1" "$work/system$live"
  while [ "$level" != / ]; do
    for entry in "$level"/*; do
      if present "$entry" && ! present "$work/system$entry"; then ln -s "$entry" "$work/system$entry"; fi
    done
    level=$(dirname "$level")
  done
}

# list_imports FILE PATH: what FILE, which stands for PATH, imports, and what these import, in $work/imports.
list_imports() {
  : >"$work/imports"
  add_imports "$1" "$2"
  # The file grows while it is read.
  while read -r import; do add_imports "$root$import" "$import"; done <"$work/imports"
}

add_imports() {
  facts_of "$1" | sed -n 's/^import //p' | while read -r pattern; do
    case $pattern in
      "$root"/*) pattern=${pattern#"$root"} ;;
      /*) ;;
      *) pattern=$(dirname "$2")/$pattern ;;
    esac
    # Unquoted, so that * is expanded; with an empty IFS nothing is split.
    IFS=
    for found in $root$pattern; do
      if [ -f "$found" ] && ! grep -F -q -x -e "${found#"$root"}" "$work/imports"; then
        printf '%s\n' "${found#"$root"}" >>"$work/imports"
      fi
    done
    unset IFS
  done
}

# has_not_read FILE: was it changed after the running containerd had started? Kernel ticks are hundredths of a second;
# a second's difference is within what clocks are read to.
has_not_read() {
  started=$(awk -v now="$(date +%s)" '{ sub(/.*\) /, ""); tick[FNR == NR] = $20 } END { print int(now - (tick[1] - tick[0]) / 100) }' \
    /proc/self/stat "/proc/$containerd_pid/stat" 2>/dev/null) || return 1
  [ "$(stat -L -c %Y "$1")" -gt $((started + 1)) ]
}
