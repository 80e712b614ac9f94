"""The level is that of the sound that was drawn, however it is coded and however much is read at a time."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamproc.media.footage import Track
from streamproc.media.levels import STEP_S, LevelReader
from streamproc.media.recording.reader import RecordingEpoch
from tests.footage import SOUND_RATE, Drawn, draw, noise
from tests.media.recorded import of_track, record

X264 = {"g": "25", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}
SOURCES = {
    "aac.mp4": Drawn(frames=130, options=X264),
    "mp2.ts": Drawn(frames=130, options=X264, sound="mp2"),
    "ac3.ts": Drawn(frames=130, options=X264, sound="ac3"),
}


@pytest.fixture(params=SOURCES, scope="module")
def epoch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> RecordingEpoch:
    folder = tmp_path_factory.mktemp("levels")
    recorded, _ = record(draw(folder / request.param, SOURCES[request.param]), folder / "recording")
    return recorded


def drawn_level(start: Fraction) -> float:
    count = int(STEP_S * SOUND_RATE)
    return float(10 * np.log10(np.square(noise(int(start * SOUND_RATE), count).astype(float)).mean()))


def test_each_step_is_as_loud_as_what_was_drawn(epoch: RecordingEpoch) -> None:
    found = LevelReader(epoch, Fraction(0)).read(100)
    assert [time for time, _ in found] == [number * STEP_S for number in range(10)]
    assert [level for _, level in found] == pytest.approx([drawn_level(time) for time, _ in found], abs=0.6)


def test_it_does_not_matter_how_much_is_read_at_a_time(epoch: RecordingEpoch) -> None:
    reader, found = LevelReader(epoch, Fraction(0)), []
    while part := reader.read(1):
        found += part
    assert found == LevelReader(epoch, Fraction(0)).read(100)


def test_reading_may_begin_anywhere(epoch: RecordingEpoch) -> None:
    whole = LevelReader(epoch, Fraction(0)).read(100)
    found = LevelReader(epoch, Fraction(13, 4)).read(100)
    assert [time for time, _ in found] == [time for time, _ in whole[7:]]
    assert [level for _, level in found] == pytest.approx([level for _, level in whole[7:]], abs=0.1)


def test_the_sound_is_read_without_the_video(epoch: RecordingEpoch) -> None:
    assert list(epoch.sound()) == of_track(list(epoch.packets()), Track.AUDIO)
    late = list(epoch.sound(Fraction(3)))
    assert late[0].pts * epoch.format.audio.time_base <= 3
    assert late[-1] == list(epoch.sound())[-1]


def test_silence_has_the_lowest_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.footage.noise", lambda at, count: np.zeros(count, np.float32))
    epoch, _ = record(draw(tmp_path / "a.mp4", SOURCES["aac.mp4"]), tmp_path / "recording")
    assert {level for _, level in LevelReader(epoch, Fraction(0)).read(100)} == {-100.0}
