#!/bin/sh
# npm test: installs what is missing, then checks types, lint and unused code, then runs every test.
# npm test -- FILE…: only the named test files, without the checks.
set -eu
cd "$(dirname "$0")/.."
. scripts/prepare.sh
# Programs that tests start, and threads, load their code from here.
export NODE_COMPILE_CACHE="$PWD/node_modules/.cache/yiben-test-compile"
# The dashboard is looked at in a real browser: installed where that can be done.
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Chromium for the tests of the dashboard (once) ..." >&2
  quick="-qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20"
  # shellcheck disable=SC2086
  (timeout 60 apt-get update $quick && DEBIAN_FRONTEND=noninteractive timeout 300 \
    apt-get install -y $quick --no-install-recommends chromium fonts-noto-cjk) >/dev/null 2>&1 ||
    echo "It cannot be installed here; the tests of the dashboard will be skipped and say so." >&2
fi
if [ "$#" -gt 0 ]; then
  exec vitest run "$@"
fi
echo "types ..." && tsc --noEmit && tsc --noEmit -p collector/dashboard
echo "lint ..." && biome check --error-on-warnings .
echo "unused code ..." && knip
exec vitest run
