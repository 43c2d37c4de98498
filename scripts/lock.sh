#!/usr/bin/env bash
# Writes the lock files: every package with its version and hashes, for Python 3.11 and newer, naming no host.
# Newest versions with `scripts/lock.sh --upgrade`; otherwise what is locked stays unless pyproject.toml asks for more.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

lock() { # lock FILE ARGUMENT... : resolve pyproject.toml with these extras and constraints
    local file=$1
    shift
    "$uv" --quiet --no-config pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --output-file "$file" "$@"
}

lock requirements-dev.txt --extra build --extra web --extra dev "$@"
lock requirements.txt --extra build --constraint requirements-dev.txt
lock requirements-web.txt --extra build --extra web --constraint requirements-dev.txt
