#!/bin/sh
# Installs or upgrades the Yiben agent from this folder, enrolls the machine and starts it.
# Running it again changes nothing that is as it should be.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
. "$here/account.sh"

usage() {
  cat <<'TEXT'
install.sh [--collector URL --token TOKEN] [options]

  --collector URL   where the collector is, wss://host:7480 (an IP address will do)
  --token TOKEN     enrollment token; or in the environment as YIBEN_AGENT_TOKEN
  --name NAME       what you call this node (default: its host name)
  --ca FILE         PEM file of the authority that signed the collector's certificate
  --proxy URL       HTTP proxy to the collector, http://host:port
  --image           for an image to be copied: enrolls at first boot, with a token for many uses
  --no-start        install and enroll, start nothing
  --check           change nothing; say what would be done
  --help

Exit codes: 0 done (--check: nothing to do), 1 failed and left as it was, 2 wrong usage,
3 this machine is not supported, 10 (--check) there is something to do.
TEXT
}

fail() { echo "install.sh: $1" >&2; exit "${2:-1}"; }

collector='' token=${YIBEN_AGENT_TOKEN:-} name='' ca='' proxy='' image=no start=yes check=no
while [ $# -gt 0 ]; do
  case $1 in
    --collector|--token|--name|--ca|--proxy)
      [ $# -ge 2 ] || fail "$1 needs a value" 2
      eval "${1#--}=\$2"; shift 2 ;;
    --image) image=yes; shift ;;
    --no-start) start=no; shift ;;
    --check) check=yes; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $1" 2 ;;
  esac
done
if [ -n "$collector" ] && [ -z "$token" ]; then fail '--collector needs --token' 2; fi
if [ -n "$token" ] && [ -z "$collector" ]; then fail '--token needs --collector' 2; fi
if [ "$image" = yes ] && [ -z "$collector" ]; then fail '--image needs --collector and --token' 2; fi
if [ -n "$ca" ] && [ ! -r "$ca" ]; then fail "cannot read $ca" 2; fi

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
  command -v systemctl >/dev/null || fail 'systemd is not here' 3
}
supported

owner=''
if command -v dpkg-query >/dev/null && dpkg-query -W -f '${Status}' yiben-agent 2>/dev/null | grep -q ' installed$'; then owner=dpkg; fi
if command -v rpm >/dev/null && rpm -q yiben-agent >/dev/null 2>&1; then owner=rpm; fi
[ -z "$owner" ] || fail "yiben-agent was installed by $owner: upgrade it with the $owner package"

# ---- what is to be done -----------------------------------------------------------------------
version=$(cat "$here/VERSION")
installed=$(cat /usr/lib/yiben-agent/VERSION 2>/dev/null || true)
todo=''
if [ "$installed" != "$version" ]; then todo="$todo install-$version"; fi
if [ -n "$collector" ] && [ ! -f /var/lib/yiben/enrollment.json ]; then todo="$todo enroll"; fi
if [ "$start" = yes ] && [ "$image" = no ] && ! systemctl is-active --quiet yiben-agent.service; then
  if [ -n "$collector" ] || [ -f /var/lib/yiben/enrollment.json ]; then todo="$todo start"; fi
fi
if [ "$check" = yes ]; then
  [ -n "$todo" ] || { echo "yiben-agent $version is installed and as asked"; exit 0; }
  echo "to do:$todo"; exit 10
fi
[ "$(id -u)" = 0 ] || fail 'must be run as root'

# ---- files: all of them, or the old ones back ---------------------------------------------------
lib=/usr/lib/yiben-agent
put_files() {
  rm -rf "$lib.new"
  mkdir -p /usr/lib/systemd/system /etc/yiben /usr/share/doc/yiben-agent
  cp -R --no-preserve=ownership "$here/files$lib" "$lib.new"
  rm -rf "$lib.old"
  if [ -d "$lib" ]; then mv "$lib" "$lib.old"; fi
  mv "$lib.new" "$lib"
  put usr/bin/yiben-agent 0755
  put usr/lib/systemd/system/yiben-agent.service 0644
  put usr/lib/systemd/system/yiben-agent-enroll.service 0644
  if [ ! -e /etc/yiben/agent.yaml ]; then put etc/yiben/agent.yaml 0640; fi
  cp -R --no-preserve=ownership "$here/files/usr/share/doc/yiben-agent/." /usr/share/doc/yiben-agent/
  yiben_account
  systemctl daemon-reload
}
put() {
  install -m "$2" "$here/files/$1" "/$1.new"
  if [ -e "/$1" ]; then cp -p "/$1" "/$1.old"; fi
  mv "/$1.new" "/$1"
}
back() {
  [ -d "$lib.old" ] || return 1
  rm -rf "$lib"
  mv "$lib.old" "$lib"
  for file in usr/bin/yiben-agent usr/lib/systemd/system/yiben-agent.service \
    usr/lib/systemd/system/yiben-agent-enroll.service; do
    if [ -e "/$file.old" ]; then mv "/$file.old" "/$file"; fi
  done
  systemctl daemon-reload
}
tidy() {
  rm -rf "$lib.old"
  rm -f /usr/bin/yiben-agent.old /usr/lib/systemd/system/yiben-agent.service.old \
    /usr/lib/systemd/system/yiben-agent-enroll.service.old
}

was_active=no
if systemctl is-active --quiet yiben-agent.service; then was_active=yes; fi
if [ "$installed" != "$version" ]; then
  echo "installing yiben-agent $version${installed:+ over $installed}"
  put_files
  if ! yiben-agent --version >/dev/null 2>&1; then
    back && fail "yiben-agent $version does not run here: $installed is back"
    fail "yiben-agent $version does not run here: $(yiben-agent --version 2>&1 | head -n 1)"
  fi
  if [ "$was_active" = yes ]; then
    # Ready means that it samples, and that its records are open (Type=notify).
    if ! systemctl restart yiben-agent.service; then
      journalctl --unit yiben-agent.service --lines 5 --no-pager --output cat >&2 || true
      back || fail "yiben-agent $version did not become ready"
      systemctl restart yiben-agent.service || true
      fail "yiben-agent $version did not become ready: $installed is back"
    fi
  fi
  tidy
fi

# ---- options that were given here ---------------------------------------------------------------
option() { # name below collector, value
  if grep -Eq "^ +$1:" /etc/yiben/agent.yaml; then
    grep -Eq "^ +$1: *\"?$2\"?\$" /etc/yiben/agent.yaml ||
      fail "/etc/yiben/agent.yaml sets another $1: change it there"
    return 0
  fi
  if grep -q '^collector:' /etc/yiben/agent.yaml; then
    sed -i "s|^collector:.*|&\n  $1: \"$2\"|" /etc/yiben/agent.yaml
  else
    printf '\ncollector:\n  %s: "%s"\n' "$1" "$2" >>/etc/yiben/agent.yaml
  fi
}
if [ -n "$ca" ]; then
  install -m 0644 "$ca" /etc/yiben/ca.pem
  option ca_file /etc/yiben/ca.pem
fi
if [ -n "$proxy" ]; then option proxy_url "$proxy"; fi

# ---- enroll and start ----------------------------------------------------------------------------
systemctl enable --quiet yiben-agent.service
if [ "$image" = yes ]; then
  (umask 077; printf 'YIBEN_COLLECTOR=%s\nYIBEN_AGENT_TOKEN=%s\n' "$collector" "$token" >/etc/yiben/enroll.env)
  systemctl enable --quiet yiben-agent-enroll.service
  echo 'this image enrolls at its first boot'
  exit 0
fi
if [ -n "$collector" ]; then
  YIBEN_AGENT_TOKEN=$token yiben-agent enroll --collector "$collector" ${name:+--name "$name"} ||
    fail 'the machine could not be enrolled; the agent is installed, run this again'
  chown -R yiben-agent:yiben-agent /var/lib/yiben
fi
if [ "$start" = yes ] && [ -f /var/lib/yiben/enrollment.json ]; then
  systemctl start yiben-agent.service || {
    journalctl --unit yiben-agent.service --lines 5 --no-pager --output cat >&2 || true
    fail 'the agent did not become ready'
  }
  yiben-agent status || true
elif [ "$start" = yes ]; then
  echo 'not enrolled yet: yiben-agent enroll --collector URL --token TOKEN'
fi
