# --- what undoing needs; a copy of this part is kept beside the backups -------------------------------------------
#
#   $state/index      a line for each file: NUMBER KIND AFTER PATH
#   $state/N.before   the file as it was; not there when nothing was there
#   $state/N.after    the file as larder wrote it
#   $state/../folders the folders that larder made on this machine, in that order

say() { printf 'larder: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
present() { [ -e "$1" ] || [ -L "$1" ]; }

# same A B: are these text files equal, byte for byte? The dot saves the newlines at the end.
same() { [ "$(cat "$1" && echo .)" = "$(cat "$2" && echo .)" ]; }

# alone: one run at a time on a system, whatever its target; another waits. The link's target is the process that runs.
alone() {
  if [ -n "${lock:-}" ]; then return 0; fi
  place=${root:-/run} tries=60
  if [ ! -d "$place" ]; then place=/var/lib; fi
  while ! ln -s "$$" "$place/.larder-client.lock" 2>/dev/null; do
    if [ ! -L "$place/.larder-client.lock" ]; then die "$place cannot be written to: run this as its owner, or make it writable"; fi
    holder=$(readlink "$place/.larder-client.lock" || :)
    # One that was killed leaves its link.
    if [ -n "$holder" ] && [ ! -d "/proc/$holder" ]; then rm -f "$place/.larder-client.lock"; continue; fi
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then die "another run (process $holder) is at work on this machine for a minute. Try again when it is done"; fi
    sleep 1
  done
  lock=$place/.larder-client.lock
  trap 'rm -rf "${work:-$lock}" "$lock"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# without_block: standard input without larder's block. Fails when a mark stands alone.
without_block() {
  awk -v first="# BEGIN larder $target" -v last="# END larder $target" '
    $0 == first { if (inside) exit 1; inside = 1; next }
    $0 == last { if (!inside) { stray = 1; exit 1 } inside = 0; next }
    !inside { print }
    END { if (inside || stray) exit 1 }'
}

# is_shared KIND: is what larder wrote a block between two marks, so that others may change the rest?
is_shared() { case $1 in block | hosts) ;; *) return 1 ;; esac; }

# put_back NUMBER KIND PATH: brings a file back as it was. Fails when somebody else has changed it since.
put_back() {
  before="$state/$1.before" after_copy="$state/$1.after" live="$root$3"
  if [ -f "$before" ]; then
    if [ -f "$live" ] && same "$before" "$live"; then return 0; fi
  elif ! present "$live"; then
    return 0
  fi
  if [ -f "$live" ] && ! same "$after_copy" "$live" && [ -z "${LARDER_FORCE:-}" ]; then
    if is_shared "$2" && grep -q -x -e "# BEGIN larder $target" "$live" && without_block <"$live" >"$state/stripped"; then
      cat "$state/stripped" >"$live" || return 1
      if [ ! -s "$live" ] && [ ! -f "$before" ]; then rm -f "$live"; fi
      return 0
    fi
    say "$3 was changed after larder wrote it, so it stays as it is. LARDER_FORCE=1 puts back what was there before:" \
      "$(if [ -f "$before" ]; then echo "$before"; else echo "nothing"; fi)"
    return 1
  fi
  if [ ! -f "$before" ]; then
    rm -f "$live"
  elif [ -f "$live" ]; then
    # Written in place: its owner, mode, labels and links were never touched.
    cat "$before" >"$live" && touch -r "$before" "$live"
  else
    cp -p "$before" "$live"
  fi
}

# act AFTER...: refreshes the trust store, then restarts, then reloads, each once. What failed is in $failed, which
# services were restarted in $restarted.
act() {
  done_already=' ' failed='' restarted=''
  for step in $(printf '%s\n' "$@" | tr '+' '\n' | grep '^trust$' | sort -u) \
    $(printf '%s\n' "$@" | tr '+' '\n' | grep '^restart:' | sort -u) \
    $(printf '%s\n' "$@" | tr '+' '\n' | grep '^reload:' | sort -u); do
    if [ "$step" = trust ]; then refresh_trust; continue; fi
    for service in $(printf '%s\n' "${step#*:}" | tr ',' ' '); do
      case $done_already in *" $service "*) continue ;; esac
      done_already="$done_already$service "
      service_step "${step%%:*}" "$service"
    done
  done
}

# by_restart AFTER: what a service that was reloaded needs when settings go away. On a reload dockerd keeps those that
# its file no longer has.
by_restart() { printf '%s\n' "$1" | sed 's/reload:/restart:/g'; }

# service_step restart|reload SERVICE
service_step() {
  if [ -n "$root" ] || [ "${LARDER_RESTART:-yes}" = no ]; then
    say "$1 $2 yourself where it runs"
  elif [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then
    systemctl daemon-reload </dev/null || :
    systemctl is-active --quiet "$2" </dev/null || return 0
    say "systemctl $1 $2"
    if systemctl "$1" "$2" </dev/null; then restarted="$restarted $2"; else service_failed "$1" "$2" "systemctl status $2"; fi
  elif command -v rc-service >/dev/null; then
    rc-service "$2" status >/dev/null 2>&1 </dev/null || return 0
    say "rc-service $2 restart"
    if rc-service "$2" restart </dev/null; then restarted="$restarted $2"; else service_failed "$1" "$2" "the log of $2"; fi
  else
    say "$1 $2 yourself: no service manager is known here"
  fi
}

service_failed() {
  say "that failed: look at $3"
  failed="$failed $1 $2;"
}

# drop_trust_links: update-ca-certificates leaves its own links to a certificate that is gone.
drop_trust_links() {
  for link in /etc/ssl/certs/*larder.pem /etc/ssl/certs/*.[0-9]; do
    if [ -e "$link" ] || [ ! -L "$link" ]; then continue; fi
    case $(readlink "$link") in *larder.pem | */larder.crt) rm -f "$link" ;; esac
  done
}

refresh_trust() {
  if [ -n "$root" ]; then
    say "refresh the trust store yourself (update-ca-certificates or update-ca-trust)"
  elif command -v update-ca-trust >/dev/null; then
    update-ca-trust </dev/null >&2
  elif command -v update-ca-certificates >/dev/null; then
    drop_trust_links
    update-ca-certificates </dev/null >&2
  else
    say "refresh the trust store yourself: neither update-ca-trust nor update-ca-certificates is here"
  fi
}

# remove_folders: those of larder's that are empty, the deepest first. The others stay on the list for the next undo.
remove_folders() {
  shared=${state%/*}
  folders=$(sed '1!G;h;$!d' "$shared/folders")
  rm "$shared/folders"
  filled=$(printf '%s\n' "$folders" | while read -r folder; do
    if [ -d "$root$folder" ] && ! rmdir "$root$folder" 2>/dev/null; then printf '%s\n' "$folder"; fi
  done)
  if [ -d "$shared" ]; then printf '%s\n' "$filled" | sed '1!G;h;$!d' >"$shared/folders"; fi
}

undo() {
  alone
  if [ ! -f "$state/index" ]; then
    say "nothing to undo: larder has not set up $target here"
    return 0
  fi
  left=0 actions=
  while read -r number kind after path; do
    if put_back "$number" "$kind" "$path"; then
      actions="$actions $(by_restart "$after")"
    else
      left=$((left + 1))
    fi
  done <"$state/index"
  if [ "$left" -gt 0 ]; then
    act $actions
    die "$left file(s) of $target could not be put back"
  fi
  rm -r "$state"
  remove_folders
  act $actions
  if [ -n "$failed" ]; then die "the files are as they were before larder, but this failed:$failed"; fi
  say "$target is as it was before larder"
}
