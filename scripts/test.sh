#!/bin/sh
# npm test: installs what is missing, then checks types, lint and unused code, then runs every test.
# npm test -- FILE…: only the named test files, without the checks.
set -eu
cd "$(dirname "$0")/.."
. scripts/prepare.sh
# Programs that tests start, and threads, load their code from here.
export NODE_COMPILE_CACHE="$PWD/node_modules/.cache/node"
if [ "$#" -gt 0 ]; then
  exec vitest run "$@"
fi
echo "types ..." && tsc --noEmit && tsc --noEmit -p collector/dashboard
echo "lint ..." && biome check --error-on-warnings .
echo "unused code ..." && knip
exec vitest run
