#!/bin/sh
# Makes the virtual environment with every dependency pinned by hash. Usage: setup.sh PYTHON VENV
set -eu
python=$1 venv=$2

fail() { printf 'docaxis: %s\n' "$1" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || fail "Python 3.11 or newer is needed and '$python' was not found. Install it (Debian: apt-get install python3 python3-venv) or name one: make PYTHON=/usr/bin/python3.12"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed; '$python' is $("$python" -V 2>&1). Name another: make PYTHON=python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "This Python cannot make virtual environments. Debian and Ubuntu: apt-get install python3-venv"

umask 022
building="$venv.building"
rm -rf "$building" "$venv"
printf 'docaxis: installing pinned dependencies into %s (once)\n' "$venv" >&2
"$python" -m venv "$venv" || fail "The virtual environment could not be made in $venv: is the disk full?"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt \
  || { rm -rf "$venv"; fail "The pinned packages could not be installed: see the message above. Without a package registry in reach nothing can be set up; no wheel for this platform means Linux (glibc, x86_64 or arm64) or macOS is needed."; }
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . \
  || { rm -rf "$venv"; fail "docaxis itself could not be installed into $venv: see the message above."; }
