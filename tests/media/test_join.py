"""Joined parts are what was asked for, picture by picture and sample by sample; see tests/footage.py."""

import subprocess
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streamproc.errors import ClipError
from streamproc.media.cutter import CutReport, Part, Tags, join
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch
from tests.footage import SOUND_RATE, Drawn, draw, look, noise, offset_of

X264 = {"g": "10", "sc_threshold": "0", "bf": "3"}
OPEN = {**X264, "x264-params": "open-gop=1:b-adapt=0:ref=3"}
NTSC = Fraction(30000, 1001)
FRAMES = 120
CODINGS = {
    "25": ("mp4", Drawn(frames=FRAMES, options=X264)),
    "29.97": ("mp4", Drawn(frames=FRAMES, rate=NTSC, options=X264)),
    "50-flv": ("flv", Drawn(frames=FRAMES, rate=Fraction(50), options=X264)),
    "no-b-frames": ("flv", Drawn(frames=FRAMES, options={**X264, "bf": "0"})),
    "open-ts": ("ts", Drawn(frames=FRAMES, options=OPEN)),
    "open-tff": ("ts", Drawn(frames=FRAMES, interlaced="tff", size=(160, 192), options=OPEN)),
}
Ranges = Sequence[tuple[int, int]]
RANGES: Ranges = ((3, 27), (41, 78), (80, 81), (95, 120))


class Source:
    """Footage that was drawn."""

    def __init__(self, path: Path, drawn: Drawn) -> None:
        self.path, self.drawn = draw(path, drawn), drawn
        self.epoch: Epoch = FileFootage([self.path]).epochs()[0]

    def part(self, first: int, after: int) -> Part:
        """Return the part with pictures [first, after)."""
        half = 1 / (2 * self.drawn.rate)
        start, end = max(first / self.drawn.rate - half, Fraction(0)), after / self.drawn.rate - half
        return Part(epoch=self.epoch, start=start, end=end, title=f"с {first}")

    def parts(self, ranges: Ranges) -> list[Part]:
        """Return several parts."""
        return [self.part(*one) for one in ranges]


@pytest.fixture(scope="module", params=sorted(CODINGS))
def coded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Source:
    suffix, drawn = CODINGS[request.param]
    return Source(tmp_path_factory.mktemp("coded") / f"source.{suffix}", drawn)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return Source(tmp_path_factory.mktemp("plain") / "source.mp4", Drawn(frames=250, options={**X264, "g": "25"}))


@pytest.fixture(scope="module")
def joined(plain: Source, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CutReport, Ranges]:
    ranges = ((7, 61), (83, 140), (150, 153), (171, 249))
    out = tmp_path_factory.mktemp("joined") / "out.mp4"
    tags = Tags(title="Сегодня", description="Новости дня", channel="НТВ", aired="2026-11-27T19:00:00+03:00")
    return out, join(plain.parts(ranges), out, tags=tags), ranges


def numbers(ranges: Ranges, interlaced: str = "") -> list[tuple[int, ...]]:
    """Return what the pictures of these ranges carry."""
    every = [number for first, after in ranges for number in range(first, after)]
    return [(2 * number, 2 * number + 1) if interlaced else (number,) for number in every]


def assert_joined(source: Source, ranges: Ranges, out: Path) -> None:
    """Assert that the file shows these pictures, all of them, nothing else, at a constant rate."""
    seen = look(out, source.drawn.interlaced)
    assert [picture.numbers for picture in seen] == numbers(ranges, source.drawn.interlaced)
    tolerance = Fraction(1, 1000) if source.path.suffix == ".flv" else Fraction(1, 90_000)
    for number, picture in enumerate(seen):
        assert abs(picture.time - number / source.drawn.rate) <= tolerance * len(ranges)


def heard(path: Path) -> tuple[list[int], NDArray[np.float32]]:
    """Decode the sound; return where each frame begins, and all of it laid out by these times."""
    with av.open(str(path)) as container:
        frames = [(frame.pts or 0, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
    whole = np.zeros(frames[-1][0] + len(frames[-1][1]), np.float32)
    for at, samples in frames:
        first = max(-at, 0)
        whole[at + first : at + len(samples)] = samples[first:]
    return [at for at, _ in frames], whole


def assert_sound(ranges: Ranges, out: Path, tolerance: int = 0) -> None:
    """Assert that in each range (at 25 frames a second) the source's sound is heard at its place, to the sample."""
    _, sound = heard(out)
    at = 0
    for first, after in ranges:
        size = (after - first) * SOUND_RATE // 25
        edge = SOUND_RATE // 20
        if size >= 4 * edge:
            for begin in (edge, size - edge - 4096):
                piece = sound[at + begin : at + begin + 4096]
                assert abs(offset_of(piece, first * SOUND_RATE // 25 + begin)) <= tolerance
        at += size


def test_every_picture_of_the_parts_is_there_once_and_nothing_else(coded: Source, tmp_path: Path) -> None:
    report = join(coded.parts(RANGES), tmp_path / "out.mp4")
    assert_joined(coded, RANGES, tmp_path / "out.mp4")
    assert report.notes == ()
    assert report.copied_frames > 20


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ends=st.lists(st.integers(0, 250), min_size=2, max_size=8, unique=True).filter(lambda ends: len(ends) % 2 == 0))
def test_any_parts_can_be_joined(plain: Source, tmp_path: Path, ends: list[int]) -> None:
    ranges = list(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=True))
    join(plain.parts(ranges), tmp_path / "out.mp4")
    assert_joined(plain, ranges, tmp_path / "out.mp4")
    assert_sound(ranges, tmp_path / "out.mp4")


def test_parts_may_come_in_any_order_and_more_than_once(plain: Source, tmp_path: Path) -> None:
    ranges = ((150, 190), (20, 77), (150, 190))
    join(plain.parts(ranges), tmp_path / "out.mp4")
    assert_joined(plain, ranges, tmp_path / "out.mp4")
    assert_sound(ranges, tmp_path / "out.mp4")


def test_sound_stays_with_its_pictures_to_the_sample(joined: tuple[Path, CutReport, Ranges]) -> None:
    assert_sound(joined[2], joined[0])


def test_a_player_that_only_counts_samples_is_off_by_at_most_half_a_frame(plain: Source, tmp_path: Path) -> None:
    ranges = [(first, first + 4 + first % 9) for first in range(0, 230, 17)]
    join(plain.parts(ranges), tmp_path / "out.mp4")
    times, _ = heard(tmp_path / "out.mp4")
    assert max(abs(at - times[0] - 1024 * number) for number, at in enumerate(times)) <= 513


def test_only_the_sound_around_the_joints_is_coded_anew(plain: Source, joined: tuple[Path, CutReport, Ranges]) -> None:
    before, after = (set(packets_of(path)) for path in (plain.path, joined[0]))
    assert len(after - before) <= 16 * len(joined[1].joints)


def test_nothing_is_heard_of_what_was_left_out(tmp_path: Path) -> None:
    source = Source(tmp_path / "source.mp4", Drawn(frames=100, options=X264))
    join(source.parts(((10, 30), (60, 90))), tmp_path / "out.mp4")
    _, sound = heard(tmp_path / "out.mp4")
    joint = 20 * SOUND_RATE // 25
    around = sound[joint - 960 : joint + 960]
    for begin in (30, 60 - 1):  # the picture after the first part, and the one before the second
        left_out = noise(begin * SOUND_RATE // 25, 1920)
        match = np.correlate(np.concatenate([np.zeros(960), around, np.zeros(960)]), left_out[480:1440])
        assert np.max(np.abs(match)) < 0.25 * np.sum(left_out[480:1440] ** 2)


def test_right_before_and_after_a_joint_the_sound_is_the_sources(joined: tuple[Path, CutReport, Ranges]) -> None:
    out, _, ranges = joined
    _, sound = heard(out)
    at, size, off = 0, 2048, 240
    for first, after in ranges:
        length = (after - first) * SOUND_RATE // 25
        if at and length > 4 * size:
            begin = first * SOUND_RATE // 25
            assert noise_share(sound[at + off : at + off + size], noise(begin + off, size)) < 0.4
        at += length
        if at < len(sound) - size and length > 4 * size:
            end = after * SOUND_RATE // 25 - off - size
            assert noise_share(sound[at - off - size : at - off], noise(end, size)) < 0.4


def test_the_file_says_what_it_is_and_has_a_chapter_for_each_part(joined: tuple[Path, CutReport, Ranges]) -> None:
    with av.open(str(joined[0])) as container:
        metadata, chapters = dict(container.metadata), container.chapters()
    assert (metadata["title"], metadata["network"]) == ("Сегодня", "НТВ")
    assert (metadata["description"], metadata["date"]) == ("Новости дня", "2026-11-27T19:00:00+03:00")
    begins = [chapter["start"] * chapter["time_base"] for chapter in chapters]
    assert begins == [0, *joined[1].joints] == [Fraction(frames, 25) for frames in (0, 54, 111, 114)]
    assert chapters[1]["metadata"]["title"] == "с 83"


@pytest.mark.ffmpeg
def test_ffmpeg_and_ffprobe_have_nothing_to_say_against_a_joined_file(coded: Source, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    join(coded.parts(RANGES), out)
    for command in (["ffmpeg", "-v", "warning", "-i", str(out), "-f", "null", "-"], ["ffprobe", "-v", "warning", out]):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""


# Parts that differ


def test_parts_from_encoders_with_other_settings_are_copied_side_by_side(tmp_path: Path) -> None:
    coding = {"cavlc": "cabac=0:ref=2", "cabac": "ref=4:weightp=2", "open": "open-gop=1:b-adapt=0:ref=3"}
    sources = [
        Source(tmp_path / f"{name}.mp4", Drawn(frames=60, options={**X264, "x264-params": extra}))
        for name, extra in coding.items()
    ]
    report = join([source.part(7, 55) for source in sources], tmp_path / "out.mp4")
    assert report.notes == ()
    assert_joined(sources[0], [(7, 55)] * 3, tmp_path / "out.mp4")


OTHERS = {
    "size": ("mp4", Drawn(frames=60, size=(320, 192), options=X264), "320×192"),
    "codec": ("ts", Drawn(frames=60, codec="mpeg2video", options={"g": "10", "qscale": "2"}), "mpeg2video"),
}


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_part_of_another_format_is_made_to_fit_and_said_so(plain: Source, name: str, tmp_path: Path) -> None:
    suffix, drawn, said = OTHERS[name]
    other = Source(tmp_path / f"other.{suffix}", drawn)
    report = join([plain.part(10, 60), other.part(5, 45), plain.part(100, 150)], tmp_path / "out.mp4")
    assert_joined(plain, [(10, 60), (5, 45), (100, 150)], tmp_path / "out.mp4")
    assert any(note.startswith("part 2: ") and said in note for note in report.notes)


def test_a_part_at_another_rate_is_brought_to_the_rate_of_the_rest(plain: Source, tmp_path: Path) -> None:
    fast = Source(tmp_path / "fast.mp4", Drawn(frames=100, rate=Fraction(50), options=X264))
    report = join([plain.part(10, 60), fast.part(0, 80), plain.part(100, 150)], tmp_path / "out.mp4")
    times = [picture.time for picture in look(tmp_path / "out.mp4")]
    assert {after - before for before, after in pairwise(times)} == {Fraction(1, 25)}
    assert len(times) == 50 + 40 + 50
    assert any("at 50 a second" in note for note in report.notes)


def test_sound_of_another_kind_is_coded_anew_and_stays_in_place(plain: Source, tmp_path: Path) -> None:
    other = Source(tmp_path / "other.ts", Drawn(frames=100, sound="mp2", options=X264))
    report = join([plain.part(10, 60), other.part(20, 70), plain.part(100, 150)], tmp_path / "out.mp4")
    assert_sound([(10, 60), (20, 70), (100, 150)], tmp_path / "out.mp4", tolerance=2)
    assert report.notes == ("part 2: sound coded anew: the source has mp2 at 48000 Hz, stereo",)


def test_a_part_without_sound_is_silent(plain: Source, tmp_path: Path) -> None:
    silent = Source(tmp_path / "silent.mp4", Drawn(frames=60, sound=None, options=X264))
    report = join([plain.part(10, 60), silent.part(5, 45), plain.part(100, 150)], tmp_path / "out.mp4")
    _, sound = heard(tmp_path / "out.mp4")
    middle = sound[50 * 1920 + 4096 : 90 * 1920 - 4096]
    assert np.max(np.abs(middle)) < 0.001
    assert_sound([(10, 60)], tmp_path / "out.mp4")
    assert report.notes == ("part 2: it has no sound: silence",)


# Mistakes


def test_no_parts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="nothing to join"):
        join([], tmp_path / "out.mp4")


def test_a_part_that_is_not_recorded_is_refused_and_leaves_nothing(plain: Source, tmp_path: Path) -> None:
    late = Part(epoch=plain.epoch, start=Fraction(1), end=Fraction(100))
    with pytest.raises(ClipError, match="the recording ends at"):
        join([plain.part(10, 60), late], tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def noise_share(sound: NDArray[np.float32], original: NDArray[np.float32]) -> float:
    """Return how much of ``sound`` is not the original: 0 for a copy, 1.4 for another sound as loud."""
    return float(np.sqrt(np.mean((sound - original) ** 2) / np.mean(original**2)))


def packets_of(path: Path) -> list[bytes]:
    """Return the coded frames of a file's sound."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
