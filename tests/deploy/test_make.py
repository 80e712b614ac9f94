"""The Makefile says what it can do, and in one line what it can't do without."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FIND_PYTHON = ROOT / "deploy" / "find-python.sh"
SHELL = shutil.which("sh") or "/bin/sh"


def find_python(*arguments: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    command = [SHELL, str(FIND_PYTHON), *arguments]
    return subprocess.run(command, env={"PATH": path}, capture_output=True, text=True, timeout=60, check=False)


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    done = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, timeout=60, check=True)
    assert set(re.findall(r"^make ([a-z-]+)", done.stdout, re.MULTILINE)) == targets


def test_the_python_that_is_named_is_taken() -> None:
    assert find_python(sys.executable).stdout.strip() == sys.executable


def test_a_python_that_does_not_fit_is_refused_in_one_line() -> None:
    done = find_python("/bin/false")
    assert done.returncode == 1
    assert done.stderr == (
        "streamproc: PYTHON=/bin/false is not a Python 3.11 or 3.12; name one, or leave PYTHON out\n"
    )


def test_a_machine_without_python_is_told_what_to_install(tmp_path: Path) -> None:
    done = find_python(path=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == (
        "streamproc: no Python 3.11 or 3.12 is on PATH; on Debian 12: apt-get install -y python3 python3-venv\n"
    )


def test_the_readme_names_every_system_package_that_setting_up_asks_for() -> None:
    asked = {
        word
        for line in re.findall(r"apt-get install ([^\"]+)", FIND_PYTHON.read_text(encoding="utf-8"))
        for word in line.split()
        if not word.startswith("-")
    }
    named = re.findall(r"^apt-get install (.+)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)[
        0
    ].split()
    assert asked <= set(named)
