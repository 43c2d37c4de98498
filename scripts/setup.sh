#!/usr/bin/env bash
# Brings .venv to what the lock files say. Usage: scripts/setup.sh run|web|dev
#
#   run  what the exchange needs to run      requirements.txt
#   web  and a Node to build its pages with  requirements-web.txt
#   dev  and what its tests and checks need  requirements-dev.txt
#
# PYTHON names the interpreter; by default the first of python3, python3.14 ... python3.11 that is new enough.
set -euo pipefail
cd "$(dirname "$0")/.."

level=${1:?usage: scripts/setup.sh run|web|dev}
case $level in
    run) lock=requirements.txt makes="run" ;;
    web) lock=requirements-web.txt makes="run web" ;;
    dev) lock=requirements-dev.txt makes="run web dev" ;;
    *) echo "scripts/setup.sh: expected run, web or dev, not $level" >&2 && exit 2 ;;
esac

missing() { # missing WHAT PACKAGE... : name what is missing with the command that brings it, and stop
    local sudo="sudo " what=$1
    shift
    [ "$(id -u)" -eq 0 ] && sudo=
    printf '%s is missing. This brings it:\n\n    %sapt-get install %s\n\n' "$what" "$sudo" "$*" >&2
    exit 1
}

find_python() { # the interpreter to use, by name
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    if apt-cache show python3.11 >/dev/null 2>&1; then
        missing "Python 3.11 or newer" python3.11 python3.11-venv python3.11-dev
    fi
    missing "Python 3.11 or newer" python3 python3-venv python3-dev
}

make_venv() {
    local python package
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        package=python3-venv
        [[ $python == python3.* ]] && package=$python-venv
        missing "Python's venv module" "$package"
    fi
    echo "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
}

# Two makes at once (or four engineers) take turns.
exec 9<scripts/setup.sh
flock 9

# A .venv that came here with a copied folder, or whose Python is gone, is made anew.
if ! .venv/bin/python -c 'import os, pip, sys; sys.exit(not os.path.samefile(sys.prefix, ".venv"))' 2>/dev/null; then
    make_venv
fi

pip_install() { # pip's own words are shown only if it fails
    local words
    words=$(.venv/bin/python -m pip install --disable-pip-version-check --no-input --retries 5 --no-deps "$@" 2>&1) ||
        { printf '%s\n' "$words" >&2 && exit 1; }
}

echo "installing $(grep -c '^[a-z].*==' "$lock") packages of $lock into .venv, once; it may take a minute or two"
pip_install --require-hashes -r "$lock"
EXCHANGE_COMPILE=0 pip_install --no-build-isolation -e . # scripts/compile.sh does that
for made in $makes; do
    touch ".venv/.installed-$made"
done
