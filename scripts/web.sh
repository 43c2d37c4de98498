#!/usr/bin/env bash
# Builds the pages of api/ui/web into api/ui/dist.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/node.sh

echo "building the pages with Node $(node --version)"
cd api/ui/web
npm ci --no-audit --no-fund --no-update-notifier --loglevel=error
npm run build --silent
mkdir -p ../dist
touch ../dist/.built
