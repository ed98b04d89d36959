#!/bin/sh
# Pins every dependency with hashes. Usage: lock.sh BIN. Versions and hashes only: no registry address is written.
set -eu
bin=$1
"$bin/python" -m pip install --quiet uv==0.13.8
pin() { "$bin/uv" pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet "$@"; }
pin -o requirements/client.txt
pin --extra services -o requirements/services.txt
pin --extra embedded -o requirements/embedded.txt
pin --extra embedded --group dev -o requirements/dev.txt
