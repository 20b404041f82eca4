#!/bin/sh
# Once larder's files are there: the account, who may read the settings, the service.
set -e

UNIT=larder.service
SETTINGS=/etc/larder/larder.yaml
DATA=/var/lib/larder

prepare_account() {
    adduser --system --group --home "$DATA" --no-create-home --gecos "larder registry" --quiet larder
    # The service makes it, too; without systemd nobody else does.
    [ -e "$DATA" ] || install -d -m 0700 -o larder -g larder "$DATA"
    # What an administrator has chosen stays.
    if [ "$(stat -c %U:%G "$SETTINGS" 2>/dev/null)" = root:root ] &&
        ! dpkg-statoverride --list "$SETTINGS" >/dev/null; then
        chgrp larder "$SETTINGS"
    fi
}

is_masked() {
    [ "$(readlink "/etc/systemd/system/$UNIT" || true)" = /dev/null ]
}

# $1: the version that was configured last; empty: none.
prepare_service() {
    action=try-restart
    [ -n "$1" ] || action=start
    if is_masked; then
        # The package was removed, and it is this package that masked the unit: it was running until then.
        deb-systemd-helper unmask "$UNIT" >/dev/null || true
        is_masked || action=start
    fi
    if deb-systemd-helper --quiet was-enabled "$UNIT"; then
        deb-systemd-helper enable "$UNIT" >/dev/null || true
    else
        # An administrator has disabled it.
        deb-systemd-helper update-state "$UNIT" >/dev/null || true
    fi
    if [ -f "/etc/systemd/system/$UNIT" ] && [ ! -L "/etc/systemd/system/$UNIT" ]; then
        echo "larder: /etc/systemd/system/$UNIT wins over the package's; 'larder install --undo' takes away what 'larder install' wrote" >&2
    fi
    if [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload >/dev/null || true
        deb-systemd-invoke "$action" "$UNIT" >/dev/null ||
            echo "larder: the service has not started; 'journalctl -u larder' tells why" >&2
    fi
}

case "$1" in
configure)
    prepare_account
    prepare_service "$2"
    ;;
abort-remove)
    # An upgrade ends nothing before its own postinst; a removal has.
    prepare_service ""
    ;;
esac

exit 0
