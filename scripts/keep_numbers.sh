#!/bin/sh
# Keeps the report of a reproduction, its pictures and the numbers behind it (numbers.json), but not the trained models.
#
#   scripts/keep_numbers.sh out/paper docs/reproduction
#
# A copy of the result is an --output from which `reproduce` goes on; a model that a figure needs is trained again.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
from=$(cd "$1" && pwd)
mkdir -p "$2"
to=$(cd "$2" && pwd)
cd "$from"
{
    echo report.md
    sed -n 's/^!\[.*\](\(figures\/.*\))$/\1/p' report.md
} | tar -cf - -T - | tar -xf - -C "$to"
cd "$root"
"${PYTHON:-python3}" -m latent_xlate.reproduction.kept_numbers "$from" "$to"
