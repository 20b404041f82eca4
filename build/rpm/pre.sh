getent group larder >/dev/null || groupadd -r larder
getent passwd larder >/dev/null ||
    useradd -r -g larder -d /var/lib/larder -M -s /sbin/nologin -c "larder registry" larder
exit 0
