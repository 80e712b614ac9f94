"""Cutting without coding anew, coding anew for the web, and cutting what still grows."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streamproc.errors import ClipError
from streamproc.media.cutter import Mode, Part, Rework, join, make
from streamproc.media.cutter.loudness import Loudness, levelled, measure
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch
from streamproc.media.recording.reader import RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.timebase import SystemClock
from tests.footage import Drawn, draw, look
from tests.media.recorded import read_source

X264 = {"g": "10", "sc_threshold": "0", "bf": "3"}
OPEN = {**X264, "x264-params": "open-gop=1:b-adapt=0:ref=3"}
FRAMES = 120


@pytest.fixture(scope="module", params=["closed", "open"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = OPEN if request.param == "open" else X264
    return draw(tmp_path_factory.mktemp("source") / "source.ts", Drawn(frames=FRAMES, options=options))


def part(epoch: Epoch, first: int, after: int) -> Part:
    """Return the part with frames [first, after)."""
    return Part(epoch=epoch, start=Fraction(first, 25), end=Fraction(after, 25))


def shown(path: Path) -> list[int]:
    """Return the numbers that the pictures carry."""
    return [picture.numbers[0] for picture in look(path)]


def test_keyframe_mode_codes_nothing_anew_and_covers_what_was_wanted(source: Path, tmp_path: Path) -> None:
    epoch = FileFootage([source]).epochs()[0]
    for first, after in ((13, 37), (20, 40), (29, 31), (0, FRAMES), (55, FRAMES - 1)):
        report = make([part(epoch, first, after)], tmp_path / "out.mp4", Mode.KEYFRAME)
        numbers = shown(tmp_path / "out.mp4")
        assert report.encoded_frames == 0
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert first - 10 < numbers[0] <= first
        assert after - 1 <= numbers[-1] < after + 10


def test_parts_that_touch_when_rounded_become_one(source: Path, tmp_path: Path) -> None:
    epoch = FileFootage([source]).epochs()[0]
    report = make([part(epoch, 13, 45), part(epoch, 47, 58)], tmp_path / "out.mp4", Mode.KEYFRAME)
    numbers = shown(tmp_path / "out.mp4")
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert report.joints == ()


def test_keyframe_mode_refuses_what_it_would_have_to_code_anew(tmp_path: Path) -> None:
    other = draw(tmp_path / "source.ts", Drawn(frames=60, codec="mpeg2video", options={"g": "10", "qscale": "2"}))
    epoch = FileFootage([other]).epochs()[0]
    with pytest.raises(ClipError, match="without coding anything anew this can't be cut"):
        make([part(epoch, 13, 37)], tmp_path / "out.mp4", Mode.KEYFRAME)
    assert not (tmp_path / "out.mp4").exists()


def test_reencoding_is_exact_small_and_as_loud_as_wanted(source: Path, tmp_path: Path) -> None:
    epoch = FileFootage([source]).epochs()[0]
    out = tmp_path / "out.mp4"
    report = make([part(epoch, 3, 62), part(epoch, 70, 118)], out, Mode.REENCODE, rework=Rework(height=64))
    assert shown(out) == [*range(3, 62), *range(70, 118)]
    assert report.copied_frames == 0
    with av.open(str(out)) as container:
        assert container.streams.video[0].height == 64
    made = FileFootage([out]).epochs()[0]
    loudness = measure([Part(epoch=made, start=Fraction(0), end=made.end())])
    assert loudness is not None
    assert abs(loudness.integrated_lufs + 23) < 0.5


def test_interlaced_pictures_become_progressive_for_the_web(tmp_path: Path) -> None:
    drawn = Drawn(frames=40, interlaced="tff", size=(160, 192), options=X264)
    epoch = FileFootage([draw(tmp_path / "source.ts", drawn)]).epochs()[0]
    make([part(epoch, 3, 33)], tmp_path / "out.mp4", Mode.REENCODE)
    with av.open(str(tmp_path / "out.mp4")) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == 30
    assert not any(frame.interlaced_frame for frame in frames)


def test_loudness_stays_below_the_target_where_peaks_allow_no_more() -> None:
    level = levelled(Loudness(integrated_lufs=-33.0, peak=0.5), Rework())
    assert level is not None
    assert level.gain == pytest.approx(10 ** ((-1 + 6.0206) / 20), rel=1e-3)
    assert "would put its peaks above" in level.note


def test_silence_is_left_as_it_is() -> None:
    assert levelled(Loudness(integrated_lufs=-70.0, peak=0.0), Rework()) is None


# What still grows


class Feed:
    """A recording that grows by some packets whenever it is waited for."""

    def __init__(self, folder: Path, at_once: int, stops_at: int | None = None) -> None:
        self._source, packets = read_source(draw(folder / "source.mp4", Drawn(frames=FRAMES, options=X264)))
        self._packets = iter(packets[:stops_at])
        self._writer = RecordingWriter(folder / "recording", file_s=1.0, fragment_s=0.2, clock=SystemClock())
        self._epoch = self._writer.begin_epoch(self._source.video, self._source.audio)
        self._at_once = at_once
        self.waited = 0
        self._over = False
        self.grow(60)
        self.epoch = RecordingFootage(folder / "recording").epochs()[0]

    def grow(self, count: int) -> None:
        for _ in range(count):
            packet = next(self._packets, None)
            if packet is None:
                self.close()
                return
            self._epoch.write(packet)

    def pause(self) -> None:
        self.waited += 1
        self.grow(self._at_once)

    def close(self) -> None:
        if not self._over:
            self._over = True
            self._epoch.close("stopped")
            self._writer.close()
            self._source.close()


@pytest.fixture(params=[1, 7, 40])
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feed]:
    feed = Feed(tmp_path, request.param)
    yield feed
    feed.close()


def test_a_range_whose_end_is_to_come_is_cut_as_it_comes(feed: Feed, tmp_path: Path) -> None:
    join([part(feed.epoch, 3, 20), part(feed.epoch, 31, 93)], tmp_path / "out.mp4", pause=feed.pause)
    assert shown(tmp_path / "out.mp4") == [*range(3, 20), *range(31, 93)]
    assert feed.waited > 0


@pytest.mark.parametrize("mode", [Mode.KEYFRAME, Mode.REENCODE])
def test_every_mode_waits_for_its_end(feed: Feed, mode: Mode, tmp_path: Path) -> None:
    make([part(feed.epoch, 3, 80)], tmp_path / "out.mp4", mode, pause=feed.pause)
    assert set(range(3, 80)) <= set(shown(tmp_path / "out.mp4"))


def test_a_feed_that_breaks_off_leaves_a_shorter_file_that_says_so(tmp_path: Path) -> None:
    feed = Feed(tmp_path, 20, stops_at=200)
    report = join([part(feed.epoch, 3, 119)], tmp_path / "out.mp4", pause=feed.pause)
    numbers = shown(tmp_path / "out.mp4")
    assert numbers == list(range(3, numbers[-1] + 1))
    assert numbers[-1] < 100
    assert any("the recording broke off at" in note for note in report.notes)


def test_what_is_not_recorded_yet_is_refused_by_who_does_not_wait(feed: Feed, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="not recorded yet"):
        join([part(feed.epoch, 3, 93)], tmp_path / "out.mp4")
