merge_json() {
  if [ ! -f "$base" ]; then cp "$wanted" "$new"; return 0; fi
  json_program >"$work/json.awk"
  LC_ALL=C awk -v why="$work/why" -f "$work/json.awk" "$wanted" "$base" >"$new" || return $?
}
