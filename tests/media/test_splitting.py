"""Where one programme follows another without a break, found in real files."""

from fractions import Fraction
from pathlib import Path

from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch
from streamproc.media.splitting import find_split
from streamproc.messages import Method
from tests.stages.broadcast import RATE, Part, broadcast


def drawn(folder: Path, shots: list[int]) -> Epoch:
    broadcast(folder / "it.mp4", [Part(True, shots)])
    (epoch,) = FileFootage([folder / "it.mp4"]).epochs()
    return epoch


def test_the_cut_that_is_nearest_to_the_expected_time_is_taken_to_the_frame(tmp_path: Path) -> None:
    epoch = drawn(tmp_path, [60, 65, 75])
    split = find_split(epoch, Fraction(23, 10), (Fraction(0), epoch.end()))
    assert (split.time, split.method) == (Fraction(60, RATE), Method.CUT)


def test_a_cut_outside_of_the_footage_that_the_two_share_is_not_taken(tmp_path: Path) -> None:
    epoch = drawn(tmp_path, [60, 65, 75])
    split = find_split(epoch, Fraction(3), (Fraction(60, RATE), epoch.end()))
    assert split.time == Fraction(125, RATE)


def test_where_nothing_is_the_split_is_on_the_frame_at_the_expected_time(tmp_path: Path) -> None:
    epoch = drawn(tmp_path, [100])
    split = find_split(epoch, Fraction(203, 100), (Fraction(0), epoch.end()))
    assert (split.time, split.method) == (Fraction(51, RATE), None)
