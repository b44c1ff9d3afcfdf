#!/usr/bin/env bash
# Debian packages for the tests that open a napari window or a browser. As root they are installed;
# otherwise the command is printed, and those tests are skipped with the reason.
set -euo pipefail

packages=(
    # a screen that is not there, and OpenGL on it
    xvfb xauth libegl1 libgl1 libglx-mesa0 libgl1-mesa-dri libopengl0
    # what Qt needs of X
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0
    libxcb-shape0 libxcb-xinerama0 libxkbcommon-x11-0 libdbus-1-3 libfontconfig1 fonts-dejavu-core
    # a browser for JupyterLab and the report
    chromium
)

if ! command -v dpkg-query >/dev/null; then
    echo "Not a Debian system: tests with a window or a browser run if Xvfb and Chromium are there."
    exit 0
fi
missing=()
for package in "${packages[@]}"; do
    # On Ubuntu Chromium comes as a snap; any Chromium or Chrome on the PATH will do.
    if [ "$package" = chromium ] && command -v chromium chromium-browser google-chrome >/dev/null; then
        continue
    fi
    if [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" != "install ok installed" ]; then
        missing+=("$package")
    fi
done
if [ ${#missing[@]} = 0 ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${missing[@]}" >/dev/null
else
    echo "Tests with a window or a browser are skipped until you run:"
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}"
fi
