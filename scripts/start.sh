#!/bin/sh
# npm start: installs what is missing, then starts a collector and an agent for this machine
# (npm start -- --demo: a fleet of made-up nodes). All options: npm start -- --help
set -eu
cd "$(dirname "$0")/.."
. scripts/prepare.sh
exec node scripts/start.ts "$@"
