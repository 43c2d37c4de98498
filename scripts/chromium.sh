#!/usr/bin/env bash
# Makes sure that a Chromium is there for the browser tests: installs Debian's when it may, else names the command.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then
        exit 0
    fi
done

if [ "$(id -u)" -ne 0 ]; then
    printf 'Chromium is missing; the browser tests need it. This brings it:\n\n    sudo apt-get install chromium\n\n' >&2
    exit 1
fi
echo "installing chromium for the browser tests"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium >/dev/null
