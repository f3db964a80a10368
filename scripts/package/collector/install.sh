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

fail() { echo "install.sh: $1" >&2; exit "${2:-1}"; }

start=yes check=no
while [ $# -gt 0 ]; do
  case $1 in
    --no-start) start=no; shift ;;
    --check) check=yes; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $1" 2 ;;
  esac
done

# ---- is this machine supported ----------------------------------------------------------------
supported() {
  [ "$(uname -s)" = Linux ] || fail 'only Linux is supported' 3
  machine=$(uname -m)
  case $machine in
    loongarch64) fail 'LoongArch is not supported: there is no Node.js 24 for it' 3 ;;
  esac
  built=$(cat "$here/ARCHITECTURE")
  [ "$machine" = "$built" ] || fail "this package is for $built, the machine is $machine" 3
  libc=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -n 's/^glibc //p')
  [ -n "$libc" ] || fail 'the C library is not glibc (musl is not supported)' 3
  lowest=$(printf '%s\n2.28\n' "$libc" | sort -V | head -n 1)
  [ "$lowest" = 2.28 ] || fail "glibc $libc is too old: 2.28 is needed (CentOS 7 is not supported)" 3
  for tool in systemctl setpriv; do
    command -v "$tool" >/dev/null || fail "$tool is not here" 3
  done
}
supported
owner=$(yiben_owner)
[ -z "$owner" ] || fail "yiben-collector was installed by $owner: upgrade it with the $owner package"

# ---- what is to be done -----------------------------------------------------------------------
version=$(cat "$here/VERSION")
installed=$(cat "$yiben_lib/VERSION" 2>/dev/null || true)
todo=''
if [ "$installed" != "$version" ]; then todo="$todo install-$version"; fi
if [ "$start" = yes ] && ! yiben_runs; then todo="$todo start"; fi
if [ "$check" = yes ]; then
  [ -n "$todo" ] || { echo "yiben-collector $version is installed and as asked"; exit 0; }
  echo "to do:$todo"; exit 10
fi
[ "$(id -u)" = 0 ] || fail 'must be run as root'
# Two of these at once would mix their files.
if command -v flock >/dev/null; then
  exec 9</usr/lib
  flock --nonblock 9 || fail 'another install.sh is at work here'
fi

# ---- files --------------------------------------------------------------------------------------
put() { # path below files, mode
  mkdir -p "$(dirname "/$1")"
  install -m "$2" "$here/files/$1" "/$1.new"
  mv "/$1.new" "/$1"
}
put_files() {
  trap 'rm -rf "$yiben_lib.new"' EXIT
  rm -rf "$yiben_lib.new"
  cp -R --no-preserve=ownership "$here/files$yiben_lib" "$yiben_lib.new"
  # A program that cannot run here takes the place of none that can.
  "$yiben_lib.new/bin/node" "$yiben_lib.new/app/yiben-collector.mjs" --version >/dev/null 2>&1 ||
    fail "yiben-collector $version does not run here: $("$yiben_lib.new/bin/node" "$yiben_lib.new/app/yiben-collector.mjs" --version 2>&1 | head -n 3)"
  yiben_keep_old
  rm -rf "$yiben_lib"
  mv "$yiben_lib.new" "$yiben_lib"
  for file in $yiben_beside; do
    case $file in
      */bin/*) put "${file#/}" 0755 ;;
      *) put "${file#/}" 0644 ;;
    esac
  done
  if [ ! -e "$yiben_config" ]; then put "${yiben_config#/}" 0640; fi
  mkdir -p /usr/share/doc/yiben-collector
  cp -R --no-preserve=ownership "$here/files/usr/share/doc/yiben-collector/." /usr/share/doc/yiben-collector/
  yiben_account
  trap - EXIT
}
if [ "$installed" != "$version" ]; then
  yiben_refuse_newer_ledger "$(cat "$here/files$yiben_lib/LEDGER_FORMAT")" "$version" || exit 1
  echo "installing yiben-collector $version${installed:+ over $installed}"
  put_files
  yiben_take_over "$version" || exit 1
fi

# ---- start ---------------------------------------------------------------------------------------
yiben_enable
if [ "$start" = yes ]; then
  yiben_start || {
    journalctl --unit yiben-collector.service --lines 8 --no-pager --output cat >&2 || true
    fail 'the collector did not become ready'
  }
fi
if [ -z "$installed" ]; then yiben_welcome; fi
