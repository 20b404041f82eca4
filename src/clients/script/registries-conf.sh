# registries_files OURS: the list that the program wants, in the order in which the files are read.
registries_files() {
  tab=$(printf '\t')
  # With this one, older programs read nothing below /etc; the variable has the same power over newer ones.
  main=/root/.config/containers/registries.conf place=home
  if [ -z "$root" ] && [ -n "${CONTAINERS_REGISTRIES_CONF:-}" ]; then main=$CONTAINERS_REGISTRIES_CONF; fi
  if [ ! -f "$root$main" ]; then main=/etc/containers/registries.conf place=before; fi
  if [ ! -f "$root$main" ]; then main=/usr/share/containers/registries.conf; fi
  if [ -f "$root$main" ]; then printf '%s\t%s\t%s\n' "$place" "$root$main" "$main"; fi
  place=before
  for folder in /usr/share/containers/registries.conf.d /usr/share/containers/registries.rootful.conf.d \
    /etc/containers/registries.conf.d /etc/containers/registries.rootful.conf.d; do
    for found in "$root$folder"/*.conf "$root$folder"/.*.conf "$root$1"; do
      if [ -f "$found" ] || [ "$found" = "$root$1" ]; then printf '%s\t%s\n' "${found##*/}" "${found#"$root"}"; fi
    done
  done | LC_ALL=C sort -u | while IFS=$tab read -r base found; do
    if [ "$found" = "$1" ]; then
      printf 'ours\t%s\t%s\n' "$new" "$1"
      place=after
    elif [ "$base" != "${1##*/}" ]; then
      printf '%s\t%s\t%s\n' "$place" "$root$found" "$found"
    fi
  done
  for found in "$root"/root/.config/containers/registries.conf.d/*.conf; do
    if [ -f "$found" ]; then printf 'homedir\t%s\t%s\n' "$found" "${found#"$root"}"; fi
  done
}

# A file of larder's own, and nothing of anybody else's keeps its tables from counting.
merge_registries() {
  own=0
  merge_own "$@" || own=$?
  if [ "$own" = 4 ]; then return 4; fi
  registries_program >"$work/registries.awk"
  registries_files "$1" >"$work/registries.list"
  if LC_ALL=C awk -f "$work/registries.awk" "$work/registries.list" >"$work/stronger" && podman_agrees "$1"; then
    other_homes
    return "$own"
  fi
  if [ -n "${LARDER_FORCE:-}" ]; then
    { echo "LARDER_FORCE writes it in spite of this:"; cat "$work/stronger"; } >"$work/why"
    return "$own"
  fi
  { echo "it would not count for all pulls (LARDER_FORCE=1 writes it all the same):"; cat "$work/stronger"; } >"$work/why"
  return 4
}

# other_homes: what people who are not root have for themselves is theirs to change.
other_homes() {
  for found in "$root"/home/*/.config/containers/registries.conf; do
    if [ -f "$found" ]; then
      say "${found#"$root"} is read by its owner's Podman, Buildah and skopeo instead: it needs the same tables"
    fi
  done
}

# podman_agrees OURS: does Podman, where it is here, read every table of larder's with all other files as it does alone?
# Asked in a mount namespace of its own, before anything is changed.
podman_agrees() {
  podman=${LARDER_PODMAN:-}
  if [ -z "$podman" ] && [ -z "$root" ]; then podman=$(command -v podman || :); fi
  if [ -z "$podman" ] || [ ! -d /etc/containers ]; then return 0; fi
  mkdir -p "$work/alone" "$work/together"
  cp "$new" "$work/alone/registries.conf"
  if [ -d "$root/etc/containers" ]; then cp -R "$root/etc/containers/." "$work/together"; fi
  mkdir -p "$work/together/registries.conf.d"
  cp "$new" "$work/together/${1#/etc/containers/}"
  podman_reads "$work/alone" "$work" >"$work/alone.tables" 2>/dev/null || return 0
  if ! podman_reads "$work/together" "$root/root" >"$work/together.tables" 2>"$work/podman.says"; then
    { echo "podman does not take the files:"; tail -n 3 "$work/podman.says"; } >"$work/stronger"
    return 1
  fi
  # The lines of the first that the second lacks.
  LC_ALL=C awk 'all { seen[$0] = 1; next } !($0 in seen) { print "podman reads something else instead of: " $0; found = 1 }
    END { if (found) exit 1 }' all=1 "$work/together.tables" all=0 "$work/alone.tables" >"$work/stronger"
}

# podman_reads FOLDER HOME: a line for each table of /etc/containers, which FOLDER takes the place of.
podman_reads() {
  HOME=$2 unshare -m sh -c 'mount --bind "$1" /etc/containers && shift && exec "$@"' sh "$1" \
    "$podman" --root "$work/podman" --runroot "$work/podman-run" info --format \
    '{{range $prefix, $registry := .Registries}}{{if ne $prefix "search"}}{{$prefix}} {{$registry.Location}} {{$registry.Insecure}}{{range $registry.Mirrors}}, {{.Location}} {{.Insecure}}{{end}}{{println}}{{end}}{{end}}' \
    </dev/null
}
