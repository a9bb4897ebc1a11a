#!/bin/sh
# Keeps of a reproduction the report, its plots and the numbers that it is made of, but not the trained models.
#
#   scripts/keep_numbers.sh out/paper docs/reproduction
#
# A copy of what is kept is an --output of `reproduce` from which it goes on; a model that a figure needs is trained again.
set -eu

from=$1
mkdir -p "$2"
to=$(cd "$2" && pwd)
cd "$from"
find . \( -path './runs/*/config.json' -o -path './runs/*/metrics.json' -o -path './measurements/*.json' \
    -o -path './labels/*.csv' -o -path './figures/*.svg' -o -path ./report.md \) -exec tar -cf - {} + | tar -xf - -C "$to"
