#!/bin/sh
# Builds the web client and GraphiQL into graphql_api/web/, for `make run` and the tests.
# Fails with one line where that cannot be done; the server then shows its plain landing page.
cd "$(dirname "$0")" || exit 1

major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
if [ "${major:-0}" -lt 20 ] || ! command -v npm >/dev/null; then
  echo "The web client is built with Node 20 or later, which is not here: the API is served without it." >&2
  exit 1
fi

echo "Building the web client …"
{
  cmp -s package-lock.json node_modules/.locked || {
    npm ci --ignore-scripts --no-audit --no-fund && cp package-lock.json node_modules/.locked
  }
} >build.log 2>&1 && npm run build >>build.log 2>&1 || {
  echo "The web client could not be built (web/build.log says why): the API is served without it." >&2
  exit 1
}
