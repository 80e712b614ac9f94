"""What is installed is complete, also when it isn't installed from a checkout."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import streamproc

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_file_of_the_package_that_is_no_module_is_installed() -> None:
    globs = PROJECT["tool"]["setuptools"]["package-data"]["streamproc"]
    package = ROOT / "streamproc"
    installed = {path for glob in globs for path in package.glob(glob)}
    page = package / "web" / "page"  # built into web/static/built
    files = {
        path
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and page not in path.parents
    }
    modules = {path for path in files if path.suffix == ".py" and (path.parent / "__init__.py").exists()}
    assert sorted(str(path) for path in files - installed - modules) == []


def test_the_version_is_the_same_everywhere() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert streamproc.__version__ == PROJECT["project"]["version"] == version("streamproc")
    assert PROJECT["project"]["version"] in changelog


def test_the_daemon_starts_without_tensorflow() -> None:
    code = (
        "import sys; import streamproc.app, streamproc.cli, streamproc.doctor, streamproc.supervisor; "
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0
