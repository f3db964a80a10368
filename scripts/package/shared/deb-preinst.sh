#!/bin/sh
set -eu
# LIFECYCLE
case $1 in
  install | upgrade)
    yiben_refuse_newer '@FORMAT@' '@VERSION@'
    yiben_keep_old
    ;;
esac
