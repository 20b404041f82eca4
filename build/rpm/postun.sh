if command -v systemctl >/dev/null; then
    systemctl daemon-reload >/dev/null 2>&1 || :
    [ "$1" -eq 0 ] || systemctl try-restart larder.service >/dev/null 2>&1 || :
fi
# Images are never deleted by the package; their account stays with them.
if [ "$1" -eq 0 ] && [ -d /var/lib/larder ]; then
    echo "larder: images stay in /var/lib/larder; 'rm -r /var/lib/larder' deletes them" >&2
fi
exit 0
