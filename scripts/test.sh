#!/usr/bin/env bash
# All checks and tests. Every check runs, also after one has failed; the exit status says if any did.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"
failed=()

check() {
    local name="$1" started=$SECONDS
    shift
    echo "== $name"
    "$@" || failed+=("$name")
    echo "-- $name: $((SECONDS - started)) s"
}

screen=()
if command -v xvfb-run >/dev/null; then
    screen=(xvfb-run -a -s "-screen 0 1600x1000x24")
fi

check "ruff" ruff check .
check "ruff format" ruff format --check .
check "mypy" mypy
check "import contracts" lint-imports --no-cache --no-logo
# One process a core, each with one thread, so that they don't wait for each other.
export OMP_NUM_THREADS=1
check "pytest" "${screen[@]}" pytest --numprocesses auto --maxprocesses 4 --dist loadgroup "$@"

if [ ${#failed[@]} != 0 ]; then
    echo "FAILED: ${failed[*]}"
    exit 1
fi
echo "All checks passed in $((SECONDS / 60)) min $((SECONDS % 60)) s."
