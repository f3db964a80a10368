#!/bin/sh
# Takes the agent off this machine. The node's key and what was not sent yet stay, unless --purge.
set -eu
purge=no
case ${1:-} in
  '') ;;
  --purge) purge=yes ;;
  --help) echo 'uninstall.sh [--purge]   --purge: the key, the spool and the options go too'; exit 0 ;;
  *) echo "uninstall.sh: unknown option $1" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo 'uninstall.sh: must be run as root' >&2; exit 1; }
systemctl disable --now --quiet yiben-agent.service 2>/dev/null || true
systemctl disable --quiet yiben-agent-enroll.service 2>/dev/null || true
rm -rf /usr/lib/yiben-agent /usr/lib/yiben-agent.old /usr/lib/yiben-agent.new /usr/share/doc/yiben-agent
rm -f /usr/bin/yiben-agent /usr/lib/systemd/system/yiben-agent.service \
  /usr/lib/systemd/system/yiben-agent-enroll.service
systemctl daemon-reload
systemctl reset-failed yiben-agent.service 2>/dev/null || true
if [ "$purge" = yes ]; then
  rm -rf /var/lib/yiben /etc/yiben /run/yiben
  if getent passwd yiben-agent >/dev/null; then userdel yiben-agent || true; fi
  if getent group yiben-agent >/dev/null; then groupdel yiben-agent || true; fi
else
  echo 'kept: /var/lib/yiben (key, records not sent yet) and /etc/yiben; --purge takes them off too'
fi
