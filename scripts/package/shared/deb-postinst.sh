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
    yiben_enable
    yiben_welcome
  fi
  yiben_take_over '@VERSION@'
fi
