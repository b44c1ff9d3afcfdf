#!/usr/bin/env bash
# Make .venv and install the workbench into it, at the versions of constraints.txt.
#   scripts/environment.sh          what users need
#   scripts/environment.sh test     and what the tests need
#   scripts/environment.sh bench    and what `make bench` compares with
# Does nothing if that is done already.
set -euo pipefail
cd "$(dirname "$0")/.."

extra="${1:-}"
what=".${extra:+[test]}"
stamp=".venv/.installed${extra:+-$extra}"
wanted="$(cat pyproject.toml constraints.txt scripts/environment.sh | sha256sum | cut -c1-16)"
if [ -x .venv/bin/workbench ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no Python >= 3.11 found; install one, or name it: make PYTHON=/path/to/python3" >&2
    return 1
}

if [ ! -x .venv/bin/pip ]; then
    python="$(find_python)"
    rm -rf .venv
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        # Debian and Ubuntu ship venv in a package of its own.
        package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
        if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
            echo "error: $python can't make environments; run: sudo apt-get install $package" >&2
            exit 1
        fi
        apt-get update -qq && apt-get install -y -qq "$package" >/dev/null
    fi
    "$python" -m venv .venv
fi

echo "Installing the workbench into .venv (some minutes the first time, 3 GB on disk) ..."
.venv/bin/python -m pip install -qq --disable-pip-version-check \
    --constraint constraints.txt --editable "$what"
without_dependencies() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps \
        --constraint constraints.txt "$@"
}
if [ -n "$extra" ]; then
    # Only its scoring is compared with ours, which needs none of its networks' dependencies.
    without_dependencies cellpose
fi
if [ "$extra" = bench ]; then
    # It asks for an older NumPy and pandas, but works with ours; the others it can't do without.
    without_dependencies panoptica connected-components-3d ruamel.yaml
fi
# JupyterLab would ask each newcomer whether it may fetch news.
.venv/bin/jupyter labextension disable --level=sys_prefix \
    "@jupyterlab/apputils-extension:announcements" >/dev/null 2>&1
echo "$wanted" >"$stamp"
