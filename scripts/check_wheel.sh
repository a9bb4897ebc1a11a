#!/bin/sh
# Installs a wheel with its dependencies in an environment of its own, and uses it there, outside of the clone: a manual, the
# quickstart, and the first Python snippet of the README.
#
#   scripts/check_wheel.sh WHEEL
set -eu

wheel=$(realpath "$1")
readme=$(realpath "$(dirname "$0")/../README.md")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset PYTHONPATH LATENT_XLATE_SAVEDMODELS

"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$wheel[serving]"
cd "$folder"
venv/bin/latent_xlate_quickstart --help | grep -- --workdir
venv/bin/latent_xlate_quickstart --workdir=out/quickstart
# shellcheck disable=SC2016  # The backticks are Markdown's.
sed -n '/^```python$/,/^```$/p' "$readme" | sed -e 1d -e '/^```$/,$d' >snippet.py
echo 'print("The snippet made", clothes.shape, "and", words.shape)' >>snippet.py
venv/bin/python snippet.py
