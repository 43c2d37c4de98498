#!/usr/bin/env bash
# Builds the compiled halves of the hot road beside their sources; what a compiler cannot build stays plain Python.
set -euo pipefail
cd "$(dirname "$0")/.."

exec 9<scripts/compile.sh
flock 9

sources=$(find exchange matching custody securitization api benchmarks -name '*.pyx' | wc -l)
echo "compiling $sources modules, once; it may take a minute"
find exchange matching custody securitization api benchmarks -name '*.so' -delete
words=$(.venv/bin/python setup.py build_ext --inplace --parallel 2 2>&1) || { printf '%s\n' "$words" >&2 && exit 1; }
built=$(find exchange matching custody securitization api benchmarks -name '*.so' | wc -l)
if [ "$built" -ne "$sources" ]; then
    printf '%s\n' "$words" >&2
    echo "compiled $built of $sources modules; the others run as plain Python, slower. A compiler comes with g++ and python3-dev." >&2
fi
touch .venv/.compiled
