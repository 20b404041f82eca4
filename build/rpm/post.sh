if command -v systemctl >/dev/null; then
    systemctl daemon-reload >/dev/null 2>&1 || :
    # The distribution's word on whether services are enabled by their installation.
    [ "$1" -ne 1 ] || systemctl --no-reload preset larder.service >/dev/null 2>&1 || :
    if [ -f /etc/systemd/system/larder.service ] && [ ! -L /etc/systemd/system/larder.service ]; then
        echo "larder: /etc/systemd/system/larder.service wins over the package's; 'larder install --undo' takes away what 'larder install' wrote" >&2
    fi
fi
exit 0
