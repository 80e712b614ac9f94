"""``streamproc deliver`` asks the daemon for a delivery."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.catalogue.deliveries import Finished
from streamproc.catalogue.pieces import Wish
from streamproc.catalogue.store import Catalogue
from streamproc.messages import Span
from streamproc.timebase import SystemClock


def streamproc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streamproc", "deliver", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site with one target and one piece."""
    path = tmp_path / "streamproc.toml"
    path.write_text('data_dir = "data"\n[[targets]]\nname = "archive"\nurl = "file:///archive"\n')
    (tmp_path / "data").mkdir()
    catalogue = opened(path)
    catalogue.put_channel("one", "One", None, None)
    catalogue.begin_epoch("one", 1, utc_zero_ns=0, frame_rate=Fraction(25), description="drawn")
    catalogue.pieces.want(Wish(channel="one", spans=(Span(epoch=1, start=Fraction(0), end=Fraction(9)),), author="a"))
    catalogue.close()
    return path


def opened(config: Path) -> Catalogue:
    return Catalogue.open(f"sqlite:///{config.parent / 'data' / 'catalogue.sqlite'}", clock=SystemClock())


def test_a_piece_is_queued_and_the_delivery_named(config: Path) -> None:
    done = streamproc("--config", config, "--to", "archive", "--piece", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "delivery 1: piece 1 to archive: queued\n"
    catalogue = opened(config)
    (row,) = catalogue.deliveries.all()
    catalogue.close()
    assert (row.target, row.what) == ("archive", Finished(piece_id=1))


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (("--to", "nowhere", "--piece", "1"), "no target is named 'nowhere'; there are: archive", 2),
        (("--to", "archive"), "name what to send with --clip NUMBER or with --piece NUMBER", 2),
        (("--to", "archive", "--clip", "77"), "knows no clip 77", 4),
    ],
)
def test_what_is_wrong_is_said_in_one_line(config: Path, arguments: tuple[str, ...], words: str, code: int) -> None:
    done = streamproc("--config", config, *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
