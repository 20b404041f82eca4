# --- containerd: config_path ----------------------------------------------------------------------------------------

certs_folder=/etc/containerd/certs.d

merge_containerd() {
  : >"$work/base.errors"
  if [ -n "$containerd_program" ] && [ -f "$base" ]; then
    if ! ask_containerd "$base"; then
      cp "$work/errors" "$work/base.errors"
    elif takes_effect; then
      restart_if_unread "$1"
      return 3
    fi
  fi
  if unknown_place "$1" || written_by_others "$1"; then return 4; fi
  containerd_version >"$work/version"
  read -r major minor <"$work/version"
  outcome=0
  if [ -f "$base" ]; then cat "$base"; fi |
    LC_ALL=C awk -v folder="$certs_folder" -v major="$major" -v why="$work/why" -f "$work/merge.awk" >"$new" || outcome=$?
  case $outcome in
    0) judged="$new" ;;
    # With a reason it says that CRI is disabled.
    3) if [ -s "$work/why" ]; then return 3; fi; judged="$base" ;;
    *) return "$outcome" ;;
  esac
  if [ -n "$containerd_program" ]; then
    if ! ask_containerd "$judged"; then
      if [ -s "$work/base.errors" ]; then
        echo "containerd does not take this file as it is: $(cat "$work/base.errors"). Correct it first"
      else
        echo "containerd does not take the file that came out of merging: $(cat "$work/errors")"
      fi >"$work/why"
      return 4
    fi
    if ! takes_effect; then explain "$judged" "$1" >"$work/why"; return 4; fi
  fi
  # An absolute import means this system, not the one that containerd was asked on.
  if [ -z "$containerd_program" ] || [ -n "$root" ]; then
    list_imports "$judged" "$1"
    if blame_imports >"$work/blame"; then cat "$work/blame" >"$work/why"; return 4; fi
  fi
  return "$outcome"
}

# takes_effect: do CRI's pulls read the folder, and that one alone, by $work/facts? From 2.1 on a list is one path.
takes_effect() {
  plugin=cri
  if grep -q '^sets images$' "$work/facts"; then plugin=images; fi
  effective=$(sed -n "s/^path $plugin [0-9]* //p" "$work/facts" | tail -n 1)
  [ "${effective%/}" = "$certs_folder" ] && ! grep -q "^mirrors $plugin " "$work/facts"
}

# explain FILE PATH: why config_path in FILE, which stands for PATH, does not take effect.
explain() {
  list_imports "$1" "$2"
  if blame_imports; then return 0; fi
  written_for=$(sed -n "s/^[[:space:]]*[\"']\{0,1\}version[\"']\{0,1\}[[:space:]]*=[[:space:]]*\([0-9]*\).*/\1/p" "$1" | head -n 1)
  if [ "$major" = 1 ] && [ "${written_for:-1}" -gt 2 ]; then
    echo "it is of configuration version $written_for, of which containerd $major.$minor reads no plugin. Write it in version 2, or bring a containerd 2"
  elif [ "${effective%/}" = "$certs_folder" ]; then
    echo "registries are configured in the old way (mirrors) as well, which containerd forbids beside config_path. Move that to $certs_folder, and run this again"
  else
    echo "by 'containerd config dump' config_path stays '$effective', whatever this file says. Set it to $certs_folder where it is set, and run this again"
  fi
}

# blame_imports: says which of $work/imports keeps config_path from taking effect. Fails when none does.
blame_imports() {
  while read -r import; do
    facts_of "$root$import" >"$work/import.facts"
    value=$(sed -n 's/^path [a-z]* [0-9]* //p' "$work/import.facts" | tail -n 1)
    if grep -q '^mirrors ' "$work/import.facts"; then
      echo "it imports $import, which configures registries in the old way (line $(line_of mirrors)), and containerd forbids that beside config_path. Move that to $certs_folder, and run this again"
    elif [ -n "$value" ] && [ "${value%/}" != "$certs_folder" ]; then
      echo "it imports $import, which sets config_path to $value (line $(line_of path)), and that wins. Set it to $certs_folder alone there, and run this again"
    elif [ -z "$value" ] && grep -q '^sets ' "$work/import.facts" && replaces_sections; then
      echo "it imports $import, which sets the same plugin: containerd before 2.2 takes the whole plugin from there. Set config_path to $certs_folder there, in the plugin's registry table, and run this again"
    else
      continue
    fi
    return 0
  done <"$work/imports"
  return 1
}

# line_of FACT: the last line of the import that says it.
line_of() { sed -n "s/^$1 [a-z]* \([0-9]*\).*/\1/p" "$work/import.facts" | tail -n 1; }

# replaces_sections: a version that is not known may be an old one.
replaces_sections() { [ "$major" -lt 2 ] || { [ "$major" = 2 ] && [ "$minor" -lt 2 ]; }; }

# unknown_place PATH: is PATH perhaps not what containerd reads here?
unknown_place() {
  if [ -n "$containerd_unknown" ]; then
    echo "$containerd_unknown. Start it, and run this again"
  elif [ -z "$containerd_program" ] && [ ! -f "$base" ] && rancher=$(rancher_here); then
    echo "no containerd is here but that of $rancher, which reads another file. Use /client/$rancher.sh"
  else
    return 1
  fi >"$work/why"
}

# rancher_here: k3s or rke2, which bring their own containerd.
rancher_here() {
  for rancher in k3s rke2; do
    if [ -d "$root/etc/rancher/$rancher" ] || [ -d "$root/var/lib/rancher/$rancher" ]; then echo "$rancher"; return 0; fi
  done
  return 1
}

# written_by_others PATH: would a change there be lost, or is it not to be made?
written_by_others() {
  # A link leads to what is really written.
  target_file=$(readlink -f "$live" 2>/dev/null) || target_file=$live
  for place in "$1" "${target_file#"$root"}"; do
    case $place in
      /var/lib/rancher/*)
        echo "the containerd that runs here is that of k3s or RKE2, which write this file anew at each start. Use /client/k3s.sh or /client/rke2.sh" ;;
      /etc/k0s/*)
        if ! grep -q 'k0s_managed=true' "$live" 2>/dev/null; then continue; fi
        echo "k0s writes this file anew at each start. Set config_path to $certs_folder in a file of /etc/k0s/containerd.d, restart k0s, and run this again" ;;
      /usr/* | /run/* | /var/run/* | /snap/* | /nix/* | /etc/static/*)
        echo "containerd reads $place, which is the system's own. Copy it to /etc/containerd/config.toml, have the service read that one (a drop-in with ExecStart= and ExecStart=/usr/bin/containerd), restart it, and run this again" ;;
      *) continue ;;
    esac >"$work/why"
    return 0
  done
  return 1
}

# restart_if_unread PATH: all is said already, but does the running containerd know?
restart_if_unread() {
  if [ -z "$containerd_pid" ]; then return 0; fi
  list_imports "$base" "$1"
  printf '%s\n' "$1" >>"$work/imports"
  while read -r import; do
    if has_not_read "$import"; then
      echo "right already, but $import was changed after the containerd that runs had started" >"$work/why"
      due=restart:$containerd_unit
    fi
  done <"$work/imports"
}

# taken: does the containerd that runs know what was written? When one ran, it has to be another by now.
taken() {
  if [ -z "$containerd_pid" ]; then return 0; fi
  case " $actions $due " in *" restart:"*) ;; *) return 0 ;; esac
  if [ "${LARDER_RESTART:-yes}" = no ]; then
    say "until then the containerd that runs (process $containerd_pid) pulls as it did before, past larder"
    return 0
  fi
  before="$containerd_pid $containerd_started" tries=20
  while [ "$tries" -gt 0 ]; do
    containerd_pid=
    find_running_containerd
    if [ -n "$containerd_pid" ] && [ "$containerd_pid $containerd_started" != "$before" ]; then return 0; fi
    # Some managers of services do not wait for what they start.
    if [ -z "$restarted" ]; then break; fi
    tries=$((tries - 1))
    sleep 1
  done
  if [ -n "$containerd_pid" ]; then
    echo "the files are written, but the containerd that runs (process $containerd_pid) was started before, and no service that could be restarted is its own. Until it is restarted it pulls as it did before, past larder"
  else
    echo "the files are written, but containerd does not run any more: look at its log"
  fi >"$work/why"
  return 1
}
