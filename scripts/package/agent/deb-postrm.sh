#!/bin/sh
set -eu
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ "$1" = purge ]; then
  # The node's key and what has not been sent yet go for good.
  rm -rf /var/lib/yiben /etc/yiben /run/yiben
  if getent passwd yiben-agent >/dev/null; then userdel yiben-agent || true; fi
  if getent group yiben-agent >/dev/null; then groupdel yiben-agent || true; fi
fi
