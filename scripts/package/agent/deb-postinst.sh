#!/bin/sh
set -eu
# ACCOUNT
if [ "$1" = configure ]; then
  yiben_account
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
  if [ -z "${2:-}" ]; then
    if command -v systemctl >/dev/null; then systemctl enable --quiet yiben-agent.service; fi
    echo 'yiben-agent: enroll this machine with'
    echo '  yiben-agent enroll --collector wss://HOST:7480 --token TOKEN && systemctl start yiben-agent'
  else
    yiben_take_over
  fi
fi
