#!/bin/sh
# Checks that the repository is ready for the release of a tag: the version, the changelog and the owner.
#
#   scripts/check_release.sh v1.2.3
set -eu

tag=$1
cd "$(dirname "$0")/.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' latent_xlate/__init__.py)
if [ "$tag" != "v$version" ]; then
    echo "The tag is $tag, but latent_xlate/__init__.py has version $version: tag v$version, or change the version" >&2
    exit 1
fi
if ! grep -qE "^## \[$version\] - [0-9]{4}-[0-9]{2}-[0-9]{2}$" CHANGELOG.md; then
    echo "CHANGELOG.md has no date for $version: write '## [$version] - $(date +%F)'" >&2
    exit 1
fi
if grep -q 'github\.com/OWNER/' pyproject.toml; then
    echo "The repository's owner is a placeholder: make owner OWNER=name" >&2
    exit 1
fi
