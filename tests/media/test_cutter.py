"""Clips are what was asked for, frame by frame; see tests/footage.py for how footage tells."""

import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.errors import ClipError, ClipStorageError
from streamproc.media.cutter import CutReport, cut
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch
from tests.footage import SOUND_RATE, Drawn, draw, heard, look, offset_of

AAC_FRAME_S = Fraction(1024, SOUND_RATE)
X264 = {"g": "10", "sc_threshold": "0", "bf": "3"}
OPEN = {**X264, "x264-params": "open-gop=1:b-adapt=0:ref=3"}
NTSC = Fraction(30000, 1001)

CODINGS = {
    "25": ("mp4", Drawn(options=X264)),
    "29.97": ("mp4", Drawn(rate=NTSC, options=X264)),
    "50": ("flv", Drawn(rate=Fraction(50), options=X264)),
    "no-b-frames": ("flv", Drawn(options={**X264, "bf": "0"})),
    "ts": ("ts", Drawn(options=X264)),
    "open": ("ts", Drawn(options=OPEN)),
    "open-29.97": ("mp4", Drawn(rate=NTSC, options=OPEN)),
    "open-flat": ("mp4", Drawn(options={**X264, "x264-params": "open-gop=1:b-adapt=0:b-pyramid=none"})),
    "open-many": ("mp4", Drawn(options={**X264, "bf": "7", "x264-params": "open-gop=1:b-adapt=0:ref=6:slices=3"})),
    "open-cavlc": ("mp4", Drawn(options={**X264, "x264-params": "open-gop=1:b-adapt=0:cabac=0:ref=3:weightp=2"})),
    "tff": ("ts", Drawn(interlaced="tff", size=(160, 192), options=X264)),
    "bff": ("mp4", Drawn(interlaced="bff", size=(160, 192), options=X264)),
    "open-tff": ("ts", Drawn(interlaced="tff", size=(160, 192), options=OPEN)),
    "baseline": ("mp4", Drawn(options={"g": "10", "profile": "baseline"})),
    "10-bit-4:2:2": ("mp4", Drawn(pixel_format="yuv422p10le", options=X264)),
}
FRAMES, GOP = 34, 10
REENCODED = {
    "mpeg2": ("ts", Drawn(codec="mpeg2video", sound="mp2", options={"g": "10", "bf": "2", "qscale": "2"})),
    "hevc": ("mp4", Drawn(codec="libx265", options={"x265-params": "keyint=10:log-level=none"})),
    "mpeg4": ("mp4", Drawn(codec="mpeg4", options={"g": "10", "qscale": "2"})),
}


class Source:
    """Footage that was drawn, and what its decoder shows."""

    def __init__(self, path: Path, drawn: Drawn) -> None:
        self.path, self.drawn = draw(path, drawn), drawn
        self.epoch: Epoch = FileFootage([self.path]).epochs()[0]
        seen = look(self.path, drawn.interlaced)
        self.times = [picture.time - seen[0].time for picture in seen]
        self.times.append(self.epoch.end())

    def cut(self, first: int, after: int, out: Path) -> CutReport:
        """Cut pictures [first, after)."""
        return cut(self.epoch, self.times[first], self.times[after], out)

    def numbers(self, first: int, after: int) -> list[tuple[int, ...]]:
        """Return what pictures [first, after) carry."""
        if self.drawn.interlaced:
            return [(2 * number, 2 * number + 1) for number in range(first, after)]
        return [(number,) for number in range(first, after)]

    def check(self, first: int, after: int, out: Path) -> None:
        """Assert that the clip shows these pictures, all of them, nothing else, each at its time."""
        seen = look(out, self.drawn.interlaced)
        assert [picture.numbers for picture in seen] == self.numbers(first, after)
        assert [picture.hue for picture in seen] == [number % 4 for number in range(first, after)]
        assert [picture.time for picture in seen] == [time - self.times[first] for time in self.times[first:after]]


@pytest.fixture(scope="module", params=sorted(CODINGS))
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    suffix, drawn = CODINGS[request.param]
    return Source(tmp_path_factory.mktemp("coded") / f"source.{suffix}", replace(drawn, frames=FRAMES))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(tmp_path_factory.mktemp("plain") / "source.flv", Drawn(frames=100, options={**X264, "g": "25"}))


def test_a_clip_from_any_offset_in_a_gop_shows_exactly_its_pictures(coded: Source, tmp_path: Path) -> None:
    for first in range(GOP - 1, 2 * GOP + 1):
        coded.cut(first, first + GOP + 3, tmp_path / "clip.mp4")
        coded.check(first, first + GOP + 3, tmp_path / "clip.mp4")


def test_a_clip_to_any_offset_in_a_gop_shows_exactly_its_pictures(coded: Source, tmp_path: Path) -> None:
    for after in range(2 * GOP, FRAMES + 1):
        coded.cut(3, after, tmp_path / "clip.mp4")
        coded.check(3, after, tmp_path / "clip.mp4")


def test_pictures_in_the_middle_are_copied(coded: Source, tmp_path: Path) -> None:
    report = coded.cut(3, FRAMES - 2, tmp_path / "clip.mp4")
    assert report.notes == ()
    assert report.copied_frames >= FRAMES - 2 - GOP - 4


def test_sound_stays_with_its_pictures(coded: Source, tmp_path: Path) -> None:
    coded.cut(7, 31, tmp_path / "clip.mp4")
    start, sound = heard(tmp_path / "clip.mp4")
    assert start == 0
    at = round(coded.times[7] * SOUND_RATE)
    assert abs(offset_of(sound[1024:16384], at + 1024)) <= SOUND_RATE // 1000  # FLV rounds times to milliseconds
    length = coded.times[31] - coded.times[7]
    assert abs(Fraction(len(sound), SOUND_RATE) - length) <= AAC_FRAME_S


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True))
def test_any_two_ends_make_an_exact_clip(plain: Source, tmp_path: Path, ends: list[int]) -> None:
    first, after = sorted(ends)
    plain.cut(first, after, tmp_path / "clip.mp4")
    plain.check(first, after, tmp_path / "clip.mp4")


@pytest.mark.parametrize("name", sorted(REENCODED))
def test_other_codecs_are_coded_anew_to_the_frame_and_said_so(name: str, tmp_path: Path) -> None:
    suffix, drawn = REENCODED[name]
    other = Source(tmp_path / f"source.{suffix}", replace(drawn, frames=FRAMES))
    report = other.cut(7, 29, tmp_path / "clip.mp4")
    other.check(7, 29, tmp_path / "clip.mp4")
    assert report.copied_frames == 0
    assert any("coded anew" in note for note in report.notes)


def test_sound_that_browsers_can_not_play_becomes_aac_and_stays_in_place(tmp_path: Path) -> None:
    other = Source(tmp_path / "source.ts", Drawn(sound="mp2", frames=60, options=X264))
    report = other.cut(13, 57, tmp_path / "clip.mp4")
    _, sound = heard(tmp_path / "clip.mp4")
    assert abs(offset_of(sound[1024:40000], round(other.times[13] * SOUND_RATE) + 1024)) <= 1
    assert report.notes == ("sound coded anew: the source has mp2, the clip AAC",)


def test_footage_without_sound_makes_a_clip_without_sound(tmp_path: Path) -> None:
    silent = Source(tmp_path / "source.mp4", Drawn(sound=None, frames=FRAMES, options=X264))
    silent.cut(5, 25, tmp_path / "clip.mp4")
    silent.check(5, 25, tmp_path / "clip.mp4")


def test_a_varying_frame_rate_is_kept(tmp_path: Path) -> None:
    times = [number * 40 + number * number * 7 % 23 + (300 if number > 20 else 0) for number in range(FRAMES)]
    varying = Source(tmp_path / "source.mp4", Drawn(times=times, frames=FRAMES, options=X264))
    for first, after in ((3, 33), (14, 25), (20, 22)):
        varying.cut(first, after, tmp_path / "clip.mp4")
        varying.check(first, after, tmp_path / "clip.mp4")


def test_full_hd_is_cut_exactly_progressive_and_interlaced(tmp_path: Path) -> None:
    options = {"g": "12", "bf": "2", "sc_threshold": "0", "preset": "ultrafast"}
    for name, size, fields in (("p", (1920, 1080), ""), ("i", (1920, 1088), "tff")):
        large = Source(
            tmp_path / f"{name}.ts", Drawn(size=size, interlaced=fields, frames=30, options=options, sound=None)
        )
        large.cut(5, 26, tmp_path / "clip.mp4")
        large.check(5, 26, tmp_path / "clip.mp4")


def test_the_index_lies_in_front_of_the_samples(plain: Source, tmp_path: Path) -> None:
    plain.cut(5, 60, tmp_path / "clip.mp4")
    kinds = [kind for kind, _ in boxes((tmp_path / "clip.mp4").read_bytes())]
    assert kinds.index(b"moov") < kinds.index(b"mdat")


def test_an_index_larger_than_its_room_moves_the_samples(
    plain: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamproc.media.cutter.assembly._INDEX_HEAD_BYTES", 16)
    monkeypatch.setattr("streamproc.media.cutter.assembly._INDEX_BYTES", 0)
    plain.cut(5, 60, tmp_path / "clip.mp4")
    plain.check(5, 60, tmp_path / "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.ffmpeg
def test_ffmpeg_has_nothing_to_say_against_a_clip(plain: Source, coded: Source, tmp_path: Path) -> None:
    for footage in (plain, coded):
        footage.cut(4, 33, tmp_path / "clip.mp4")
        command = ["ffmpeg", "-v", "warning", "-i", str(tmp_path / "clip.mp4"), "-f", "null", "-"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""


def test_the_report_describes_the_file(plain: Source, tmp_path: Path) -> None:
    report = plain.cut(7, 60, tmp_path / "clip.mp4")
    data = (tmp_path / "clip.mp4").read_bytes()
    assert report.sha256 == hashlib.sha256(data).hexdigest()
    assert report.size_bytes == len(data)
    assert report.frames == report.copied_frames + report.encoded_frames == 53
    assert report.duration == plain.times[60] - plain.times[7]


def test_an_end_that_is_not_there_is_refused(plain: Source, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="the recording ends at"):
        cut(plain.epoch, Fraction(1), Fraction(100), tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_range_is_refused(plain: Source, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="not after its start"):
        cut(plain.epoch, Fraction(1), Fraction(1), tmp_path / "clip.mp4")


def test_a_folder_that_is_a_file_is_the_operators_to_mend(plain: Source, tmp_path: Path) -> None:
    (tmp_path / "clips").write_text("in the way")
    with pytest.raises(ClipStorageError, match="can't write"):
        cut(plain.epoch, Fraction(0), Fraction(1), tmp_path / "clips" / "clip.mp4")


def test_a_stopped_cut_leaves_nothing_behind(plain: Source, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="stopped"):
        cut(plain.epoch, Fraction(0), Fraction(2), tmp_path / "clip.mp4", stopping=lambda: True)
    assert list(tmp_path.iterdir()) == []


def boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield (kind, size) of the boxes at the top of an MP4 file."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        assert size >= 8
        yield data[at + 4 : at + 8], size
        at += size
