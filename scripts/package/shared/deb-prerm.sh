#!/bin/sh
set -eu
# LIFECYCLE
if [ "$1" = remove ]; then yiben_stop; fi
