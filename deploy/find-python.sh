#!/bin/sh
# Print the Python that can run streamproc, or say in one line what to install. Usage: find-python.sh [PYTHON]
#
# It also looks for the two system libraries that OpenCV's wheel loads but does not bring along, because otherwise the
# first sign of their absence is a traceback, after a gigabyte of downloads.
set -eu

fail() {
    echo "streamproc: $1" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null
}

if [ $# -gt 0 ]; then
    python=$1
    fits "$python" || fail "PYTHON=$python is not a Python 3.11 or 3.12; name one, or leave PYTHON out"
else
    for python in python3.11 python3.12 python3 none; do
        if fits "$python"; then break; fi
    done
    [ "$python" != none ] ||
        fail "no Python 3.11 or 3.12 is on PATH; on Debian 12: apt-get install -y python3 python3-venv"
fi

"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python can't make virtual environments; on Debian 12: apt-get install -y python3-venv"

"$python" - <<'PY' || fail "OpenCV's system libraries are missing: apt-get install -y --no-install-recommends libgl1 libglib2.0-0"
import ctypes, sys

for name in ("libGL.so.1", "libglib-2.0.so.0") if sys.platform == "linux" else ():
    try:
        ctypes.CDLL(name)
    except OSError:
        sys.exit(1)
PY

echo "$python"
