# containerd_program: the one to ask about its version and its configuration; none when the node is not this machine.
containerd_program() {
  if [ -n "${LARDER_CONTAINERD:-}" ]; then
    echo "$LARDER_CONTAINERD"
  elif [ -z "${LARDER_ROOT:-}" ]; then
    command -v containerd || :
  fi
}

# containerd_version: MAJOR MINOR, or 0 0.
containerd_version() {
  if [ -n "$(containerd_program)" ]; then
    "$(containerd_program)" --version </dev/null 2>/dev/null || :
  fi | awk '{ sub(/^v/, "", $3); if (split($3, part, ".") > 1) { print part[1] + 0, part[2] + 0; done = 1; exit } }
    END { if (!done) print 0, 0 }'
}

merge_containerd() {
  merge_containerd_program >"$work/containerd.awk"
  containerd_version >"$work/version"
  read -r major minor <"$work/version"
  if [ -f "$base" ]; then cat "$base"; fi |
    LC_ALL=C awk -v folder=/etc/containerd/certs.d -v major="$major" -v minor="$minor" -v why="$work/why" \
      -f "$work/containerd.awk" >"$new" || return $?
  if [ -n "$(containerd_program)" ] && ! "$(containerd_program)" --config "$new" config dump </dev/null 2>/dev/null |
    grep -q 'config_path = .*/etc/containerd/certs\.d'; then
    echo "containerd does not take the file that came out of merging ('containerd config dump'). Set config_path to /etc/containerd/certs.d by hand" >"$work/why"
    return 4
  fi
}
