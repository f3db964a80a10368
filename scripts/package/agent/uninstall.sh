#!/bin/sh
# Takes the agent off this machine. The node's key and what was not sent yet stay, unless --purge.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lifecycle.sh"
purge=no
case ${1:-} in
  '') ;;
  --purge) purge=yes ;;
  --help) echo 'uninstall.sh [--purge]   --purge: the key, the spool and the options go too'; exit 0 ;;
  *) echo "uninstall.sh: unknown option $1" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo 'uninstall.sh: must be run as root' >&2; exit 1; }
owner=$(yiben_owner)
[ -z "$owner" ] || { echo "uninstall.sh: yiben-agent was installed by $owner: remove it with that" >&2; exit 1; }
yiben_stop
rm -rf "$yiben_lib" /usr/share/doc/yiben-agent
yiben_drop_old
for file in $yiben_beside; do rm -f "$file"; done
yiben_reload
systemctl reset-failed yiben-agent.service yiben-agent-enroll.service 2>/dev/null || true
if [ "$purge" = yes ]; then yiben_purge
else echo 'kept: /var/lib/yiben-agent (key, records not sent yet) and /etc/yiben; --purge takes them off too'
fi
