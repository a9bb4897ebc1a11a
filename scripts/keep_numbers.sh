#!/bin/sh
# Keeps of a reproduction the report, its pictures and the numbers that it is made of, but not the trained models.
#
#   scripts/keep_numbers.sh out/paper docs/reproduction
#
# A copy of what is kept is an --output of `reproduce` from which it goes on; a model that a figure needs is trained again.
set -eu

from=$1
mkdir -p "$2"
to=$(cd "$2" && pwd)
cd "$from"
{
    echo report.md
    find runs -name metrics.json | sed 'p; s/metrics\.json$/config.json/' # Of the runs that have ended.
    find . -path './measurements/*.json' -o -path './labels/*.csv'
    sed -n 's/^!\[.*\](\(figures\/.*\))$/\1/p' report.md
} | tar -cf - -T - | tar -xf - -C "$to"
