#!/bin/sh
set -eu
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now --quiet yiben-agent.service || true
fi
