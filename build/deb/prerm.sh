#!/bin/sh
# Before larder's files go. An upgrade leaves the service running until the new one is there.
set -e

if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop larder.service >/dev/null || true
fi

exit 0
