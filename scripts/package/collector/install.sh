#!/bin/sh
# Installs or upgrades the Yiben collector from this folder, and starts it.
# Running it again changes nothing that is as it should be.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lifecycle.sh"

usage() {
  cat <<'TEXT'
install.sh [--no-start] [--check] [--help]

  --no-start   install, start nothing that does not run
  --check      change nothing; say what would be done

Exit codes: 0 done (--check: nothing to do), 1 failed (it says what runs now), 2 wrong usage,
3 this machine is not supported, 10 (--check) there is something to do.
TEXT
}

# INSTALLER
start=yes check=no
while [ $# -gt 0 ]; do
  case $1 in
    --no-start) start=no; shift ;;
    --check) check=yes; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $1" 2 ;;
  esac
done

supported

# ---- what is to be done -----------------------------------------------------------------------
is_due=no
if is_install_due; then is_due=yes; fi
todo=''
if [ "$is_due" = yes ]; then todo="$todo install-$version"; fi
if [ "$start" = yes ] && ! yiben_runs; then todo="$todo start"; fi
if [ "$check" = yes ]; then
  [ -n "$todo" ] || { echo "yiben-collector $version is installed and as asked"; exit 0; }
  echo "to do:$todo"; exit 10
fi
work_alone
if [ "$is_due" = yes ]; then install_version; fi

# ---- start ---------------------------------------------------------------------------------------
yiben_enable
if [ "$start" = yes ]; then
  yiben_start || {
    journalctl --unit yiben-collector.service --lines 8 --no-pager --output cat >&2 || true
    fail 'the collector did not become ready'
  }
fi
if [ -z "$installed" ]; then yiben_welcome; fi
