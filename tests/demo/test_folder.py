import fcntl
from pathlib import Path

import pytest

from streamproc.config import load
from streamproc.demo.run import Plan, prepare
from streamproc.errors import ConfigError, InstanceError


def plan(folder: Path) -> Plan:
    return Plan(
        folder=folder,
        model=Path("/models/demo"),
        rtmp="rtmp://127.0.0.1:1935/live/demo",
        page="http://127.0.0.1:8080/",
        seed=1,
        breaks=1,
        once=True,
    )


def test_the_configuration_it_writes_is_one_that_the_daemon_takes(tmp_path: Path) -> None:
    mine = plan(tmp_path / "demo")
    prepare(mine)
    settings = load(mine.config)
    assert settings.data_dir == tmp_path / "demo" / "data"
    assert settings.web.port == 8080
    assert [channel.listen for channel in settings.channels] == [mine.rtmp]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="is not empty"):
        prepare(plan(tmp_path))
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_folder_of_an_earlier_demo_is_emptied(tmp_path: Path) -> None:
    mine = plan(tmp_path / "demo")
    prepare(mine)
    (mine.folder / "data" / "catalogue.sqlite").write_text("old")
    prepare(mine)
    assert not (mine.folder / "data" / "catalogue.sqlite").exists()


def test_the_folder_of_a_running_demo_is_left_alone(tmp_path: Path) -> None:
    mine = plan(tmp_path / "demo")
    prepare(mine)
    lock = mine.folder / "data" / "lock"
    lock.touch()
    with lock.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InstanceError, match="another demo runs"):
            prepare(mine)
    assert lock.exists()
