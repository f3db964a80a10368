#!/bin/sh
set -eu
# LIFECYCLE
case $1 in
  install | upgrade)
    yiben_refuse_newer_ledger '@LEDGER_FORMAT@' '@VERSION@'
    yiben_keep_old
    ;;
  abort-upgrade) yiben_drop_old ;;
esac
