"""A web role that may change its configuration file, as the three parts of the tests that write settings need it."""

from pathlib import Path

import pytest

from streamproc.config import Settings, load
from streamproc.config_file import ConfigFile
from streamproc.web.services import Keeper


def settings_of(path: Path) -> Settings:
    """Read the file, and make the folder that it names."""
    loaded = load(path)
    loaded.data_dir.mkdir()
    return loaded


def keeper_of(path: Path, request: pytest.FixtureRequest) -> Keeper:
    """Reload as a role does on SIGHUP."""

    def reload() -> None:
        request.getfixturevalue("site").settings = load(path)

    return Keeper(file=ConfigFile(path), reload=reload)
