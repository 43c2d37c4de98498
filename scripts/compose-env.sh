#!/usr/bin/env bash
# Writes .env for compose.yaml: passwords drawn at random, readable by their owner only. An existing .env is kept.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ -e .env ]; then
    echo ".env is there already and was kept"
    exit 0
fi

password() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }

umask 077
cat >.env <<END
POSTGRES_PASSWORD=$(password)
NATS_PASSWORD=$(password)
END
echo "wrote .env; now: docker compose up --build"
