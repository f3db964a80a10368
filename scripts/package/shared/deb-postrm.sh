#!/bin/sh
set -eu
# LIFECYCLE
case $1 in
  abort-install | abort-upgrade) yiben_drop_old ;;
  remove)
    rm -rf "$yiben_lib"
    yiben_drop_old
    yiben_reload
    ;;
  purge)
    # There again after the removal: install.sh has put it there, and its data is in use.
    if [ -d "$yiben_lib" ]; then exit 0; fi
    yiben_purge
    yiben_reload
    ;;
esac
