#!/bin/sh
# Once larder's files are gone. Images are never deleted here, not even by a purge.
set -e

UNIT=larder.service
DATA=/var/lib/larder

case "$1" in
remove)
    if command -v deb-systemd-helper >/dev/null; then
        deb-systemd-helper mask "$UNIT" >/dev/null || true
    fi
    ;;
purge)
    if command -v deb-systemd-helper >/dev/null; then
        deb-systemd-helper purge "$UNIT" >/dev/null || true
        deb-systemd-helper unmask "$UNIT" >/dev/null || true
    fi
    [ ! -d "$DATA" ] || [ -L "$DATA" ] || rmdir --ignore-fail-on-non-empty "$DATA" || true
    if [ -e "$DATA" ]; then
        # Its files belong to the account, which stays for that.
        echo "larder: images stay in $DATA; 'rm -r $DATA' deletes them" >&2
    elif command -v deluser >/dev/null; then
        deluser --system --quiet larder 2>/dev/null || true
    fi
    ;;
esac

if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload >/dev/null || true
fi

exit 0
