#!/bin/sh
set -eu
# LIFECYCLE
if [ "$1" = configure ]; then
  there=$(cat "$yiben_lib/VERSION")
  if [ "$there" != '@VERSION@' ]; then
    yiben_say "@VERSION@ did not become ready and $there was put back: install a version again"
    exit 1
  fi
  yiben_account
  if [ -z "${2:-}" ]; then
    if command -v systemctl >/dev/null; then systemctl enable --quiet yiben-agent.service; fi
    if [ ! -f "$yiben_state/enrollment.json" ]; then
      echo 'yiben-agent: enroll this machine with'
      echo '  yiben-agent enroll --collector wss://HOST:7480 --token TOKEN && systemctl start yiben-agent'
    fi
  fi
  yiben_take_over '@VERSION@'
fi
