# --- what joining needs ---------------------------------------------------------------------------------------------

# make_folder PATH: with its parents; each is noted without the root.
make_folder() {
  if [ -d "$1" ]; then return 0; fi
  make_folder "$(dirname "$1")" && mkdir "$1" || return 1
  printf '%s\n' "${1#"$root"}" >>"$folder_list"
}

# write_file NEW LIVE MODE: in place when it is there, so that its owner, mode, labels and links stay. Fails when it
# cannot be written.
write_file() {
  if [ -f "$2" ]; then
    cat "$1" >"$2"
  else
    make_folder "$(dirname "$2")" && cat "$1" >"$2.larder" && chmod "$3" "$2.larder" && mv "$2.larder" "$2"
  fi
}

# give_up PATH: a file could not be written (a full disk, say). Those before it do no good alone.
give_up() {
  rm -f "$root$1.larder"
  if [ "$was_joined" = yes ]; then die "$1 could not be written, and what was written before it stays. $(way_back)"; fi
  say "$1 could not be written: all is put back"
  LARDER_FORCE=1 LARDER_RESTART=no undo
  die "nothing was changed"
}

# save_before COUNT NUMBER CHANGED PATH: the backup for undo. One that larder made itself before is kept.
save_before() {
  if [ "$2" != - ] && [ "$3" = no ]; then return 0; fi
  if [ ! -f "$root$4" ]; then return 0; fi
  cp -p "$root$4" "$state/$next.before"
  if [ -f "$work/$1.before" ]; then cat "$work/$1.before" >"$state/$next.before"; fi
}

# put_back_stale: what the last run wrote and this one does not want any more.
put_back_stale() {
  [ -f "$state/index" ] || return 0
  while read -r number kind after path; do
    case " $(cut -d ' ' -f 1 "$work/index" | tr '\n' ' ') $(cut -d ' ' -f 2 "$work/plan" | tr '\n' ' ') " in
      *" $number "*) continue ;;
    esac
    stale=$((stale + 1)) actions="$actions $(by_restart "$after")"
    if ! put_back "$number" "$kind" "$path"; then echo "$number $kind $after $path" >>"$work/index"; fi
  done <"$state/index"
}

# drop_old_copies: those of numbers that the index does not name any more.
drop_old_copies() {
  numbers=" $(cut -d ' ' -f 1 "$state/index" | tr '\n' ' ') "
  for copy in "$state"/*.before "$state"/*.after; do
    number=${copy##*/}
    case $numbers in *" ${number%.*} "*) continue ;; esac
    rm -f "$copy"
  done
}

commit() {
  stale=0 actions=
  put_back_stale
  if [ ! -s "$work/plan" ] && [ "$stale" = 0 ]; then
    if [ -n "$due" ]; then act "$due"; finish; else say "$target is set up already: nothing to do"; fi
    return 0
  fi
  was_joined=no
  if [ -f "$state/index" ]; then was_joined=yes; fi
  make_folder "$state"
  chmod 700 "$state"
  if [ "$folder_list" = "$work/folders" ]; then
    cat "$work/folders" >>"${state%/*}/folders"
    folder_list="${state%/*}/folders"
  fi
  undo_script >"$state/undo.sh"
  next=$(ls "$state" | sed -n 's/\.after$//p' | sort -n | tail -n 1)
  next=${next:-0}
  : >"$work/writes"
  while read -r number record was_changed kind mode after path; do
    next=$((next + 1))
    save_before "$number" "$record" "$was_changed" "$path"
    if [ "$record" != - ] && [ -f "$state/$record.before" ] && [ ! -f "$state/$next.before" ]; then
      cp -p "$state/$record.before" "$state/$next.before"
    fi
    cp "$work/$number.new" "$state/$next.after"
    echo "$next $kind $after $path" >>"$work/index"
    if [ "$record" = - ]; then actions="$actions $after"; else actions="$actions $(by_restart "$after")"; fi
  done <"$work/plan"
  cp "$work/index" "$state/index.new"
  mv "$state/index.new" "$state/index"
  drop_old_copies
  while read -r number record was_changed kind mode after path; do
    write_file "$work/$number.new" "$root$path" "$mode" || give_up "$path"
    say "wrote $path"
  done <"$work/plan"
  act $actions $due
  notes
  finish
}

# finish: says that it is done, if it is: services that have not taken the files pull as they did before.
finish() {
  if [ -n "$failed" ]; then die "the files are written, but this failed:$failed nothing comes from larder until it is mended. $(way_back)"; fi
  if ! taken; then die "$(cat "$work/why"). $(way_back)"; fi
  say "done. $(way_back)"
}

way_back() { echo "To put everything back: sh $state/undo.sh"; }

join() {
  alone
  work=$(mktemp -d "${TMPDIR:-/tmp}/larder.XXXXXX")
  : >"$work/plan"
  : >"$work/index"
  : >"$work/folders"
  count=0 refused=0 paths='' due='' steps='' folder_list="$work/folders"
  : >"$work/unwritable"
  files
  refuse_unwritable
  if [ "$refused" -gt 0 ]; then die "nothing was changed"; fi
  commit
}

main() {
  umask 022
  case ${1:-join} in
    join | undo) ;;
    *) say "usage: sh SCRIPT [undo]"; exit 2 ;;
  esac
  if [ "$needs_root" = yes ] && [ -z "$root" ] && [ "$(id -u)" != 0 ]; then die "run this as root"; fi
  "${1:-join}"
}
