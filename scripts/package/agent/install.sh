#!/bin/sh
# Installs or upgrades the Yiben agent from this folder, enrolls the machine and starts it.
# Running it again changes nothing that is as it should be.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lifecycle.sh"

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

Exit codes: 0 done (--check: nothing to do), 1 failed (the version that was there runs as before),
2 wrong usage, 3 this machine is not supported, 10 (--check) there is something to do.
TEXT
}

# INSTALLER
collector='' token=${YIBEN_AGENT_TOKEN:-} name='' ca='' proxy='' image=no start=yes check=no
while [ $# -gt 0 ]; do
  case $1 in
    --collector|--token|--name|--ca|--proxy)
      if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 needs a value" 2; fi
      eval "${1#--}=\$2"; shift 2 ;;
    --image) image=yes; shift ;;
    --no-start) start=no; shift ;;
    --check) check=yes; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; fail "unknown option $1" 2 ;;
  esac
done
# The token alone may be in the environment of everything that is run on a machine.
if [ -n "$collector" ] && [ -z "$token" ]; then fail '--collector needs --token' 2; fi
if [ -n "$token" ] && [ -z "$collector" ] && [ -z "${YIBEN_AGENT_TOKEN:-}" ]; then
  fail '--token needs --collector' 2
fi
if [ "$image" = yes ] && [ -z "$collector" ]; then fail '--image needs --collector and --token' 2; fi
if [ -n "$ca" ] && [ ! -r "$ca" ]; then fail "cannot read $ca" 2; fi
plain() { printf '%s' "$2" | grep -Eq "$3" || fail "$1 $2 is not $4" 2; }
[ -z "$collector" ] || plain --collector "$collector" '^(wss?|https?)://[]A-Za-z0-9.:[_/-]+$' 'wss://host:port'
[ -z "$proxy" ] || plain --proxy "$proxy" '^https?://[]A-Za-z0-9.:@%[_/-]+$' 'http://host:port'
[ -z "$token" ] || plain --token 'that was given' '.' 'a token'
case $token in *[!A-Za-z0-9_-]*) fail 'the token is not one that `token create` shows' 2 ;; esac

supported

# ---- what is to be done -----------------------------------------------------------------------
is_enrolled() { [ -f "$yiben_state/enrollment.json" ]; }
has_option() { # name below collector, value
  sed -n '/^collector:/,/^[^ #]/p' "$yiben_config" 2>/dev/null | grep -Fxq "  $1: \"$2\""
}
is_due=no
if is_install_due; then is_due=yes; fi
todo=''
if [ "$is_due" = yes ]; then todo="$todo install-$version"; fi
if [ -n "$proxy" ] && ! has_option proxy_url "$proxy"; then todo="$todo proxy"; fi
if [ -n "$ca" ] && ! { has_option ca_file /etc/yiben/agent-ca.pem && cmp -s "$ca" /etc/yiben/agent-ca.pem; }
then todo="$todo ca"; fi
if [ "$image" = yes ]; then
  if is_enrolled; then
    fail 'this machine is enrolled, and every copy of it would be: uninstall.sh --purge first'
  fi
  if [ ! -f /etc/yiben/enroll.env ]; then todo="$todo image"; fi
else
  if [ -n "$collector" ] && ! is_enrolled; then todo="$todo enroll"; fi
  if [ "$start" = yes ] && ! yiben_runs && { [ -n "$collector" ] || is_enrolled; }; then
    todo="$todo start"
  fi
fi
if [ "$check" = yes ]; then
  [ -n "$todo" ] || { echo "yiben-agent $version is installed and as asked"; exit 0; }
  echo "to do:$todo"; exit 10
fi
work_alone
if [ "$is_due" = yes ]; then install_version; fi

# ---- options that were given here ---------------------------------------------------------------
changed=no
option() { # name below collector, value
  if has_option "$1" "$2"; then return 0; fi
  if sed -n '/^collector:/,/^[^ #]/p' "$yiben_config" | grep -Eq "^ +$1:"; then
    fail "$yiben_config sets another $1: change it there"
  fi
  if grep -q '^collector:' "$yiben_config"; then
    sed -i "s|^collector:.*|&\n  $1: \"$2\"|" "$yiben_config"
  else
    printf '\ncollector:\n  %s: "%s"\n' "$1" "$2" >>"$yiben_config"
  fi
  changed=yes
}
if [ -n "$ca" ]; then
  if ! cmp -s "$ca" /etc/yiben/agent-ca.pem; then
    install -m 0644 "$ca" /etc/yiben/agent-ca.pem
    changed=yes
  fi
  option ca_file /etc/yiben/agent-ca.pem
fi
if [ -n "$proxy" ]; then option proxy_url "$proxy"; fi

# ---- enroll and start ----------------------------------------------------------------------------
yiben_enable
if [ "$image" = yes ]; then
  (umask 077; printf 'YIBEN_COLLECTOR=%s\nYIBEN_AGENT_TOKEN=%s\n' "$collector" "$token" >/etc/yiben/enroll.env)
  systemctl enable --quiet yiben-agent-enroll.service
  echo 'this image enrolls at its first boot'
  exit 0
fi
if [ -n "$collector" ] && is_enrolled; then
  echo "already enrolled: $(sed -n 's/^ *"collectorUrl": "\(.*\)",*$/\1/p' "$yiben_state/enrollment.json")"
elif [ -n "$collector" ]; then
  YIBEN_AGENT_TOKEN=$token yiben-agent enroll --collector "$collector" ${name:+--name "$name"} ||
    fail 'the machine could not be enrolled; the agent is installed, run this again'
fi
if [ "$start" = yes ] && is_enrolled; then
  if [ "$changed" = yes ]; then verb=restart; else verb=start; fi
  systemctl "$verb" yiben-agent.service || {
    journalctl --unit yiben-agent.service --lines 5 --no-pager --output cat >&2 || true
    fail 'the agent did not become ready'
  }
  # What it found is known when the tools have answered for the first time.
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    yiben-agent status 2>/dev/null | grep -Eq '^(start|agent +$)' || break
    sleep 1
  done
  yiben-agent status || true
elif [ "$start" = yes ]; then
  echo 'not enrolled yet: run this again with --collector URL --token TOKEN'
fi
