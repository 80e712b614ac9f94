#!/usr/bin/env bash
# Builds the web page into streamproc/web/static/built: deploy/build-page.sh FOLDER, where FOLDER holds the python, node
# and npm of an environment with streamproc[page].
set -euo pipefail
bin=$(cd "$1" && pwd)
cd "$(dirname "$0")/../streamproc/web/page"
export PATH="$bin:$PATH"

# Shapes of the API's answers are drawn from its OpenAPI document, so that tsc notices when the two no longer fit.
python -c 'import json; from streamproc.web import openapi; print(json.dumps(openapi.document()))' >openapi.json
if ! cmp --silent package-lock.json node_modules/.installed; then
    npm ci --ignore-scripts --no-audit --no-fund --loglevel error
    cp package-lock.json node_modules/.installed
fi
npm run --silent api >/dev/null
npm run --silent build
