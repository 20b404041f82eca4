# Sets config_path in containerd's configuration at the first boot. What would take no effect is put back, and said.
set -eu
folder=/etc/containerd/certs.d config=${LARDER_ROOT:-}/etc/containerd/config.toml containerd=${LARDER_CONTAINERD:-containerd}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
: >"$work/old"
: >"$work/why"
if [ -f "$config" ]; then cat "$config" >"$work/old"; fi

fail() { echo "larder: containerd does not come to larder: $config: $1" >&2; exit 1; }

# What the kubelet's pulls go by: config_path, and mirrors, beside which containerd allows no config_path.
effective() {
  "$containerd" --config "$config" config dump 2>"$work/errors" </dev/null | awk '/^[ \t]*\[/ { table = $0 }
    table ~ /(grpc\.v1\.cri|cri\.v1\.images).*registry\]/ && /^[ \t]*config_path *=/ { gsub(/["\047]/, ""); print $3 }
    table ~ /(grpc\.v1\.cri|cri\.v1\.images).*registry\.mirrors\./ && !mirrors++ { print "mirrors" }'
}

status=0
LC_ALL=C awk -v folder="$folder" -v major=0 -v why="$work/why" -f "$(dirname "$0")/merge-containerd.awk" "$work/old" >"$work/new" || status=$?
case $status in
  0 | 3) ;;
  *) fail "$(cat "$work/why")" ;;
esac
if [ -s "$work/why" ]; then cat "$work/why" >&2; fi
if [ "$status" = 3 ] && [ -s "$work/why" ]; then exit 0; fi
if [ "$status" = 0 ]; then
  mkdir -p "$(dirname "$config")"
  cat "$work/new" >"$config"
fi
command -v "$containerd" >/dev/null || exit 0
found=$(effective)
if [ "$found" != "$folder" ]; then
  if [ -s "$work/old" ]; then cat "$work/old" >"$config"; else rm -f "$config"; fi
  fail "config_path would be '$found' all the same: see what it imports. $(tail -n 1 "$work/errors")"
fi
