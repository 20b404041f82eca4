#!/bin/sh
# Before larder's files come.
set -e

if [ "$1" = upgrade ] && dpkg --compare-versions "$2" gt "@VERSION@"; then
    cat >&2 <<EOF
larder: this goes back from $2 to @VERSION@. If the newer one has changed the data
folder, the older one will not open it, change nothing, and say so: then install the newer one
again, or restore a backup of before (larder restore).
EOF
fi

exit 0
