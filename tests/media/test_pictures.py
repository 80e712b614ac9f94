"""A picture shows exactly the frame that was asked for, however the footage is coded."""

import random
from collections.abc import Sequence
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pytest

from streamproc.errors import RecordingError
from streamproc.media.pictures import FramesWish, KeyframeWish, PictureMaker, picture_size, serve
from streamproc.media.recording.reader import RecordingEpoch
from tests.footage import Drawn, draw, read
from tests.media.recorded import record

X264 = {"g": "25", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}
SOURCES = {
    "b-frames.mp4": Drawn(frames=130, options=X264),
    "open-gop.ts": Drawn(frames=130, options=X264 | {"x264-params": "open-gop=1"}),
    "29.97.flv": Drawn(frames=130, rate=Fraction(30000, 1001), options=X264),
    "50.ts": Drawn(frames=130, rate=Fraction(50), options=X264),
    "mpeg2.ts": Drawn(frames=130, codec="mpeg2video", sound="mp2", options={"g": "12", "bf": "2"}),
    "hevc.ts": Drawn(
        frames=130, codec="libx265", options={"preset": "ultrafast", "x265-params": "log-level=none:keyint=25"}
    ),
    "vfr.flv": Drawn(frames=130, times=[n * 40 + (n * n) % 23 for n in range(130)], options=X264 | {"bf": "0"}),
}


@pytest.fixture(params=SOURCES, scope="module")
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RecordingEpoch]:
    """Each kind of footage in turn, recorded in files of two seconds."""
    folder = tmp_path_factory.mktemp("pictures")
    epoch, _ = record(draw(folder / request.param, SOURCES[request.param]), folder / "recording")
    return folder / "recording", epoch


def wish(folder: Path, epoch: RecordingEpoch, times: Sequence[Fraction], width: int = 160) -> FramesWish:
    return FramesWish(folder=folder, epoch=epoch.id, times=tuple(times), width=width)


def number_in(jpeg: bytes) -> int:
    return read(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))


def test_every_frame_shows_its_number_in_whatever_order_they_are_asked_for(
    recorded: tuple[Path, RecordingEpoch],
) -> None:
    folder, epoch = recorded
    maker, numbers = PictureMaker(), list(range(130))
    random.Random(5).shuffle(numbers)
    for number in numbers:
        times = epoch.times_until(number, 3)
        made = maker.make(wish(folder, epoch, times))
        shown = [number_in(made[time]) for time in times]
        assert shown == list(range(number - len(times) + 1, number + 1))


def test_a_frame_has_the_number_that_boundaries_count(recorded: tuple[Path, RecordingEpoch]) -> None:
    _, epoch = recorded
    assert [epoch.frame_number(epoch.times_until(number, 1)[-1]) for number in range(130)] == list(range(130))


def test_frames_before_come_along_only_from_the_same_group(recorded: tuple[Path, RecordingEpoch]) -> None:
    _, epoch = recorded
    assert len(epoch.times_until(0, 9)) == 1
    assert len(epoch.times_until(9, 4)) == 4


def test_there_is_no_frame_after_the_last(recorded: tuple[Path, RecordingEpoch]) -> None:
    _, epoch = recorded
    with pytest.raises(IndexError):
        epoch.times_until(130, 1)


def test_stepping_on_decodes_no_frame_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epoch, _ = record(draw(tmp_path / "a.mp4", SOURCES["b-frames.mp4"]), tmp_path / "recording")
    maker, begun = PictureMaker(), []
    original = RecordingEpoch.packets
    monkeypatch.setattr(
        RecordingEpoch, "packets", lambda self, start=Fraction(0): begun.append(start) or original(self, start)
    )
    for number in range(30, 60):
        maker.make(wish(tmp_path / "recording", epoch, epoch.times_until(number, 1)))
    assert len(begun) == 1


def test_a_keyframe_is_the_one_that_was_asked_for(recorded: tuple[Path, RecordingEpoch]) -> None:
    folder, epoch = recorded
    maker = PictureMaker()
    for time in epoch.keyframe_times(Fraction(0), epoch.end()):
        made = maker.make(KeyframeWish(folder=folder, epoch=epoch.id, time=time, width=160))
        assert number_in(made[time]) == epoch.frame_number(time)


def test_a_picture_is_as_wide_as_is_wished_but_never_wider_than_the_frame_is_shown() -> None:
    square = Fraction(1)
    assert picture_size(1920, 1080, square, 640) == (640, 360)
    assert picture_size(1280, 720, square, 1920) == (1280, 720)
    assert picture_size(720, 576, Fraction(64, 45), 4000) == (1024, 576)


def test_colours_are_those_of_the_footage(tmp_path: Path) -> None:
    drawn = Drawn(frames=4, options=X264, size=(320, 192))
    epoch, _ = record(draw(tmp_path / "a.mp4", drawn), tmp_path / "recording")
    (time,) = epoch.times_until(2, 1)
    jpeg = PictureMaker().make(wish(tmp_path / "recording", epoch, [time], 320))[time]
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    blue, green, red = picture.astype(float).mean(axis=(0, 1))
    assert blue > green > red  # frame 2 has Cb 166 and Cr 90


def test_a_deleted_epoch_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    epoch, _ = record(draw(tmp_path / "a.mp4", SOURCES["b-frames.mp4"]), tmp_path / "recording")
    gone = FramesWish(folder=tmp_path / "recording", epoch=epoch.id + 1, times=(Fraction(0),), width=160)
    with pytest.raises(RecordingError, match="deleted by retention"):
        PictureMaker().make(gone)


def test_a_process_answers_over_its_pipe_and_ends_with_it(tmp_path: Path) -> None:
    epoch, _ = record(draw(tmp_path / "a.mp4", SOURCES["b-frames.mp4"]), tmp_path / "recording")
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    (time,) = epoch.times_until(77, 1)
    ours.send(wish(tmp_path / "recording", epoch, [time]))
    assert number_in(ours.recv()[time]) == 77
    ours.send(FramesWish(folder=tmp_path / "recording", epoch=1, times=(time,), width=160))
    assert isinstance(ours.recv(), RecordingError)
    ours.close()
    process.join(30)
    assert process.exitcode == 0
    process.close()
