# Files of somebody else's stay, and larder is asked before those whom they name, where that can be said in them.

# merge_hosts PATH: a hosts.toml.
merge_hosts() {
  merge_hosts_program >"$work/merge.awk"
  merge_with no
}

# merge_rancher PATH alone|: registries.yaml of k3s or RKE2.
merge_rancher() {
  merge_rancher_program >"$work/merge.awk"
  merge_with "${2:-no}"
}

# merge_with ALONE: prints $base with what $wanted says; 3: it says so already; 4: not possible, and why.
merge_with() {
  if [ ! -s "$base" ]; then cp "$wanted" "$new"; return 0; fi
  if [ "$base" = "$live" ] && same "$wanted" "$live"; then return 3; fi
  if [ -n "${LARDER_FORCE:-}" ]; then cp "$wanted" "$new"; return 0; fi
  merging=0
  if without_block <"$base" >"$work/stripped"; then
    LC_ALL=C awk -v target="$target" -v why="$work/why" -v alone="$1" -f "$work/merge.awk" "$wanted" "$work/stripped" >"$new" || merging=$?
  else
    echo "one of larder's two marks is missing in it" >"$work/why"
    merging=4
  fi
  if [ "$merging" = 4 ]; then
    echo "Change it, move it away, or run again with LARDER_FORCE=1: undo brings it back" >>"$work/why"
  fi
  return "$merging"
}
