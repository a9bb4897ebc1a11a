#!/bin/sh
# Makes a virtual environment with a Python that fits, or checks the one that is there.
#
#   scripts/make_venv.sh FOLDER [PYTHON]
#
# Without PYTHON, takes the first of python3.12, python3.11, python3.13 and python3 that runs and fits.
set -eu

venv=$1
wanted=${2:-}
needs="latent_xlate needs Python 3.11, 3.12 or 3.13"

# A pyenv shim is on the PATH and fails all the same, so each candidate is run.
version() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo none; }
fits() { case $(version "$1") in 3.11 | 3.12 | 3.13) true ;; *) false ;; esac; }

if [ -x "$venv/bin/python" ]; then
    python=$venv/bin/python
    if ! fits "$python"; then
        echo "$needs; $venv has $(version "$python"). Delete $venv, or name another folder: make VENV=FOLDER" >&2
        exit 1
    fi
elif [ -n "$wanted" ]; then
    python=$wanted
    if ! fits "$python"; then
        echo "$needs; $python is $(version "$python"). Name one that fits: make PYTHON=/path/to/python3.12" >&2
        exit 1
    fi
else
    python=
    found=
    for candidate in python3.12 python3.11 python3.13 python3; do
        if fits "$candidate"; then python=$candidate; break; fi
        if [ "$(version "$candidate")" != none ]; then found="$candidate is $(version "$candidate")"; fi
    done
    if [ -z "$python" ]; then
        echo "$needs; ${found:-no Python was found}. Install one, or name it: make PYTHON=/path/to/python3.12" >&2
        exit 1
    fi
fi

# An interrupted run can leave an environment without pip.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    echo "Making the environment $venv with Python $(version "$python")" >&2
    if ! "$python" -m venv "$venv"; then
        rm -rf "$venv/bin"
        echo "$python cannot make environments; on Debian or Ubuntu: apt install python$(version "$python")-venv" >&2
        exit 1
    fi
fi
