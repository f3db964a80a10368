#!/bin/sh
# Takes the program off this machine. Its data and its key stay, unless --purge.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lifecycle.sh"
purge=no
case ${1:-} in
  '') ;;
  --purge) purge=yes ;;
  --help) echo "uninstall.sh [--purge]   --purge: $yiben_purged go too"; exit 0 ;;
  *) echo "uninstall.sh: unknown option $1" >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { echo 'uninstall.sh: must be run as root' >&2; exit 1; }
owner=$(yiben_owner)
[ -z "$owner" ] || { echo "uninstall.sh: $yiben_name was installed by $owner: remove it with $owner" >&2; exit 1; }
yiben_stop
rm -rf "$yiben_lib" "/usr/share/doc/$yiben_name"
yiben_drop_old
for file in $yiben_beside; do rm -f "$file"; done
yiben_reload
systemctl reset-failed $yiben_units 2>/dev/null || true
if [ "$purge" = yes ]; then yiben_purge
else echo "kept: $yiben_kept; --purge takes them off too"
fi
