# --- what planning needs --------------------------------------------------------------------------------------------
#
# Everything is planned first, in $work; the first change is made when every file has found its place.
#
#   $work/N.content   what larder wants of file N
#   $work/N.new       what it is to become
#   $work/plan        a line for each file to be written: N RECORD CHANGED KIND MODE AFTER PATH
#   $work/index       the lines of the next index: of files that stay as they are, and then of those that are written

# refuse MESSAGE...
refuse() {
  refused=$((refused + 1))
  say "$*"
}

# record_of PATH: the number under which the last run wrote it; nothing when it did not.
record_of() {
  [ -f "$state/index" ] || return 0
  while read -r number kind after path; do
    if [ "$path" = "$1" ]; then echo "$number"; fi
  done <"$state/index"
}

# file KIND MODE AFTER PATH [CONFLICT]: plans one file; its content comes on standard input.
file() {
  count=$((count + 1))
  wanted="$work/$count.content" new="$work/$count.new" live="$root$4"
  cat >"$wanted"
  paths="$paths$4
"
  if present "$live" && [ ! -f "$live" ]; then
    refuse "$4 is not a file: move it away"
    return 0
  fi
  # base: what to merge with; changed: by somebody else since larder wrote it.
  record=$(record_of "$4") base="$live" changed=no
  if [ -n "$record" ] && [ -f "$live" ]; then
    if same "$state/$record.after" "$live"; then base="$state/$record.before"; else changed=yes; fi
  fi
  : >"$work/why"
  verdict=0
  "merge_$1" "$4" "${5:-}" || verdict=$?
  if [ -s "$work/why" ]; then say "$4: $(cat "$work/why")"; fi
  case $verdict in
    0) plan_file "$1" "$2" "$3" "$4" ;;
    3) if [ -n "$record" ] && [ -f "$live" ] && [ "$base" = "$live" ]; then keep_record "$record"; fi ;;
    *) refused=$((refused + 1)) ;;
  esac
}

# The merges: $base (perhaps not there) and $wanted become $new. Status 0: done; 3: nothing needs to be written;
# 4: not possible, and the reason is in $work/why.

merge_own() {
  cp "$wanted" "$new"
  if [ ! -f "$live" ] || { [ -n "$record" ] && [ "$changed" = no ]; }; then return 0; fi
  if same "$wanted" "$live"; then return 3; fi
  if [ -n "${LARDER_FORCE:-}" ]; then return 0; fi
  echo "somebody else wrote this file. Move it away, or run again with LARDER_FORCE=1: undo brings it back" >"$work/why"
  return 4
}

merge_block() {
  if [ -f "$base" ]; then cat "$base"; fi | without_block >"$work/stripped" || {
    echo "one of larder's two marks is missing in it. Take out the block by hand" >"$work/why"
    return 4
  }
  if [ -n "$2" ] && grep -E -q -e "$2" "$work/stripped"; then
    echo "it has settings of its own that larder's cannot stand beside. Add these by hand:" >"$work/why"
    cat "$wanted" >>"$work/why"
    return 4
  fi
  { cat "$work/stripped"; echo "# BEGIN larder $target"; cat "$wanted"; echo "# END larder $target"; } >"$new"
}

# keep_record NUMBER: the line of the last index stays.
keep_record() {
  while read -r number kind after path; do
    if [ "$number" = "$1" ]; then echo "$number $kind $after $path" >>"$work/index"; fi
  done <"$state/index"
}

# plan_file KIND MODE AFTER PATH
plan_file() {
  if [ -f "$live" ] && same "$new" "$live"; then
    if [ -n "$record" ]; then keep_record "$record"; fi
    return 0
  fi
  if [ "$changed" = yes ] && ! is_shared "$1" && [ -z "${LARDER_FORCE:-}" ]; then
    refuse "$4 was changed after larder wrote it. Undo first, or run again with LARDER_FORCE=1"
    return 0
  fi
  if ! can_write "$live"; then
    printf '%s\n' "$4" >>"$work/unwritable"
    steps="$steps $3"
    return 0
  fi
  if is_shared "$1" && [ "$changed" = yes ]; then cp "$work/stripped" "$work/$count.before"; fi
  echo "$count ${record:--} $changed $1 $2 $3 $4" >>"$work/plan"
}

# can_write FILE: tried, since root may write by its mode what a file system or an attribute forbids. Changes nothing.
can_write() {
  if [ -f "$1" ]; then (: >>"$1") 2>/dev/null; return; fi
  folder=$(dirname "$1")
  while ! present "$folder"; do folder=$(dirname "$folder"); done
  can_make_in "$folder"
}

can_make_in() { probe=$(mktemp "$1/.larder.XXXXXX" 2>/dev/null) && rm -f "$probe"; }

# refuse_unwritable: what a run would write besides the target's files is tried, too; then one line for each place.
refuse_unwritable() {
  if [ -s "$work/plan" ] || [ -s "$work/unwritable" ]; then
    if ! can_write "$state/index"; then printf '%s\n' "${state#"$root"}" >>"$work/unwritable"; fi
  fi
  if { echo "$steps"; cut -d ' ' -f 6 "$work/plan"; } | grep -q trust; then
    for store in /etc/ssl/certs /etc/pki/ca-trust/extracted; do
      if [ -d "$root$store" ] && ! can_make_in "$root$store"; then printf '%s\n' "$store" >>"$work/unwritable"; fi
    done
  fi
  while [ -s "$work/unwritable" ]; do
    first=$(sed -n 1p "$work/unwritable")
    place=$(unwritable_place "$root$first")
    place=${place#"$root"}
    grep -F -e "${place%/}/" "$work/unwritable" >"$work/there" || :
    grep -F -x -e "$place" "$work/unwritable" >>"$work/there" || :
    others=$(($(wc -l <"$work/there") - 1))
    stopped=$(if [ "$first" != "$place" ]; then echo ", where $first would go"; fi)
    if [ "$others" -gt 0 ]; then stopped="$stopped and $others more"; fi
    refuse "${place:-/} cannot be written to$stopped: is it, or its file system, read-only?"
    grep -F -x -v -f "$work/there" "$work/unwritable" >"$work/rest" || :
    mv "$work/rest" "$work/unwritable"
  done
}

# unwritable_place PATH: the path itself, or the highest folder above it that cannot be written to either.
unwritable_place() {
  at=$1
  while ! present "$at"; do at=$(dirname "$at"); done
  while [ "$at" != "${root:-/}" ]; do
    above=$(dirname "$at")
    if can_make_in "$above"; then break; fi
    at=$above
  done
  printf '%s\n' "$at"
}

# condition forbids|requires PATTERN MESSAGE FILE...: looks at files that the target does not write itself.
condition() {
  rule=$1 pattern=$2 message=$3 seen=no matched=
  shift 3
  for glob in "$@"; do look_at "$glob" unit; done
  if [ "$rule" = forbids ] && [ -n "$matched" ]; then refuse "$matched: $message"; fi
  if [ "$rule" = requires ] && [ "$seen" = yes ] && [ -z "$matched" ]; then refuse "$message"; fi
}

# look_at GLOB unit|variables: at these files, and at the files of variables that units among them name.
look_at() {
  what=$2
  # Unquoted, so that * is expanded; with an empty IFS nothing is split.
  saved_ifs=$IFS IFS=
  set -- $root$1
  IFS=$saved_ifs
  for found in "$@"; do
    if [ ! -f "$found" ]; then continue; fi
    case $paths in *"${found#"$root"}
"*) continue ;; esac
    seen=yes
    if grep -E -q -e "$pattern" "$found"; then matched=${found#"$root"}; fi
    case $what:$found in
      unit:*/systemd/*)
        sed -n 's/^[[:space:]]*EnvironmentFile[[:space:]]*=[[:space:]]*-\{0,1\}//p' "$found" >"$work/variables"
        while read -r other; do look_at "$other" variables; done <"$work/variables"
        what=unit
        ;;
    esac
  done
}

# trust_anchor: where this system takes certificates that it shall trust.
trust_anchor() {
  if [ -d "$root/etc/pki/ca-trust/source/anchors" ]; then
    echo /etc/pki/ca-trust/source/anchors/larder.crt
  elif [ -d "$root/etc/pki/trust/anchors" ]; then
    echo /etc/pki/trust/anchors/larder.crt
  elif [ -d "$root/etc/ca-certificates/trust-source/anchors" ]; then
    echo /etc/ca-certificates/trust-source/anchors/larder.crt
  elif grep -q '^ID=flatcar' "$root/etc/os-release" 2>/dev/null; then
    echo /etc/ssl/certs/larder.pem
  else
    echo /usr/local/share/ca-certificates/larder.crt
  fi
}
