#!/bin/sh
# Writes the owner of the repository where links need it; `OWNER` is the placeholder that it ships with.
#
#   scripts/set_owner.sh NAME
#
# pyproject.toml states the present owner; the other files follow it, so that the owner can also be changed again.
set -eu

new=$1
case $new in
    '' | *[!A-Za-z0-9-]*)
        echo "'$new' cannot be the owner of a repository: make owner OWNER=name, with letters, digits and hyphens" >&2
        exit 1
        ;;
esac
cd "$(dirname "$0")/.."
old=$(sed -n 's|.*https://github.com/\([^/]*\)/latent_xlate".*|\1|p' pyproject.toml)
for file in pyproject.toml CITATION.cff README.md colab/latent_xlate.ipynb; do
    sed "s|github\.com/$old/latent_xlate|github.com/$new/latent_xlate|g; s|github/$old/latent_xlate|github/$new/latent_xlate|g" \
        "$file" >"$file.new"
    cat "$file.new" >"$file" # Keeps the file's mode.
    rm "$file.new"
done
