"""Cues that come in a transport stream: they reach the recording, and lie on the frame that was meant."""

import sqlite3
import subprocess
from base64 import b64decode
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from streamproc.media.files import FileFootage, transport_pid
from streamproc.media.footage import Epoch
from streamproc.media.recording.index import INDEX_NAME, Index
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.media.source import open_container, open_source
from streamproc.messages import Cue, CueKind, CueOrigin
from streamproc.scte35.placing import read_cue
from streamproc.scte35.section import WRAP
from streamproc.scte35.transport import Injector
from streamproc.timebase import SystemClock
from tests.footage import Drawn, draw
from tests.media.cued import Wanted, draw_cued, first_pts, injected, insertion

PAIR = (Wanted(frame=90, duration=60), Wanted(frame=150, out=False))
WRAPS_AT_FRAME_100 = WRAP / 90_000 - 4


def placed(epoch: Epoch) -> list[tuple[CueKind, int | Fraction]]:
    """Return what an epoch's cues say, and of which frame: its number, or the time where it is no frame's."""
    cues = [cue for message in epoch.cues() for cue in read_cue(message)]
    return [(cue.kind, frame_of(cue)) for cue in cues]


def frame_of(cue: Cue) -> int | Fraction:
    """Return the number of the frame of which a cue speaks."""
    number = cue.time * 25
    return number.numerator if number.denominator == 1 else number


def record(path: Path, folder: Path) -> RecordingEpoch:
    """Record a file as a feed is recorded, and return what a reader sees."""
    source = open_source(str(path))
    writer = RecordingWriter(folder, file_s=2.0, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in source.packets():
        epoch.write(packet)
        for cue in source.take_cues():
            epoch.write_cue(cue)
    epoch.close("stopped")
    writer.close()
    source.close()
    assert epoch.id is not None
    return RecordingFootage(folder).epoch(epoch.id)


@pytest.mark.parametrize("begins_s", [0, 10.5, WRAPS_AT_FRAME_100, WRAP / 90_000 - 0.3])
def test_cues_of_a_file_lie_on_their_frames_wherever_its_count_begins_or_wraps(tmp_path: Path, begins_s: float):
    path = draw_cued(tmp_path / "a.ts", PAIR, begins_s=begins_s)
    (epoch,) = FileFootage([path]).epochs()
    assert placed(epoch) == [(CueKind.OUT, 90), (CueKind.IN, 150)]


@pytest.mark.parametrize("begins_s", [0, WRAPS_AT_FRAME_100, WRAP / 90_000 - 0.3])
def test_cues_of_a_feed_lie_on_their_frames_in_the_recording(tmp_path: Path, begins_s: float):
    path = draw_cued(tmp_path / "a.ts", PAIR, begins_s=begins_s)
    assert placed(record(path, tmp_path / "recording")) == [(CueKind.OUT, 90), (CueKind.IN, 150)]


def test_live_and_batch_read_the_same(tmp_path: Path):
    path = draw_cued(tmp_path / "a.ts", PAIR)
    (epoch,) = FileFootage([path]).epochs()
    recorded = record(path, tmp_path / "recording")
    live, batch = ([cue for message in one.cues() for cue in read_cue(message)] for one in (recorded, epoch))
    at_once = Fraction(0)  # when they came is known to a frame or two only
    assert [replace(cue, sent=at_once) for cue in live] == [replace(cue, sent=at_once) for cue in batch]


def test_a_message_comes_when_it_was_sent_and_as_it_was_sent(tmp_path: Path):
    path = draw_cued(tmp_path / "a.ts", PAIR)
    message, other = record(path, tmp_path / "recording").cues()
    sent = insertion(first_pts(path), PAIR[0])
    assert b64decode(message.payload) == sent.section
    assert (message.number, other.number, message.origin) == (0, 1, CueOrigin.STREAM)
    # It went before the first picture decoded two seconds ahead; a picture is decoded some frames before it is shown.
    assert 90 - 50 - 4 <= message.sent * 25 <= 90 - 50


def test_cues_go_on_over_files_that_follow_each_other(tmp_path: Path):
    first = draw_cued(tmp_path / "1.ts", [Wanted(frame=90)], frames=100, begins_s=50)
    second = draw_cued(tmp_path / "2.ts", [Wanted(frame=70, out=False)], frames=100, begins_s=3000)
    (epoch,) = FileFootage([first, second]).epochs()
    assert placed(epoch) == [(CueKind.OUT, 90), (CueKind.IN, 170)]


def test_a_splice_before_the_recording_has_a_time_before_it(tmp_path: Path):
    path = draw_cued(tmp_path / "a.ts", [Wanted(frame=-30, lead=0)])
    assert placed(record(path, tmp_path / "recording")) == [(CueKind.OUT, -30)]


def test_a_cue_that_comes_before_the_first_keyframe_is_not_lost(tmp_path: Path):
    path = draw_cued(tmp_path / "a.ts", [Wanted(frame=60, lead=55)])
    source = open_source(str(path))
    writer = RecordingWriter(tmp_path / "recording", file_s=2.0, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    keyframes = 0
    for packet in source.packets():
        keyframes += packet.stream.type == "video" and packet.is_keyframe
        if keyframes > 1:  # as if we had come in the middle of the first group of pictures
            epoch.write(packet)
        for cue in source.take_cues():
            epoch.write_cue(cue)
    epoch.close("stopped")
    writer.close()
    source.close()
    (recorded,) = RecordingFootage(tmp_path / "recording").epochs()
    assert placed(recorded) == [(CueKind.OUT, 60 - 25)]


def test_a_damaged_section_is_left_out_and_costs_nothing_else(tmp_path: Path):
    plain = draw_cued(tmp_path / "plain.ts", [])
    zero = first_pts(plain)
    broken = insertion(zero, PAIR[0])
    damaged = type(broken)(broken.at, broken.section[:20] + b"\xaa" + broken.section[21:])
    path = tmp_path / "a.ts"
    path.write_bytes(injected(plain, [damaged, insertion(zero, PAIR[1])]))
    epoch = record(path, tmp_path / "recording")
    assert placed(epoch) == [(CueKind.IN, 150)]
    assert epoch.end() == 8


def test_only_cues_after_a_number_are_read_again(tmp_path: Path):
    path = draw_cued(tmp_path / "a.ts", PAIR)
    (of_file,) = FileFootage([path]).epochs()
    for epoch in (of_file, record(path, tmp_path / "recording")):
        assert [message.number for message in epoch.cues(after=0)] == [1]


def test_an_index_of_before_is_read_and_upgraded(tmp_path: Path):
    path = draw_cued(tmp_path / "a.ts", PAIR)
    folder = tmp_path / "recording"
    record(path, folder)
    with sqlite3.connect(folder / INDEX_NAME) as database:
        database.execute("DROP TABLE cues")
        database.execute("PRAGMA user_version = 1")
    database.close()
    (epoch,) = RecordingFootage(folder).epochs()
    assert epoch.cues() == ()
    record(path, folder)
    _, newer = RecordingFootage(folder).epochs()
    assert placed(newer) == [(CueKind.OUT, 90), (CueKind.IN, 150)]


def test_cues_go_when_the_last_file_of_their_epoch_does(tmp_path: Path):
    folder = tmp_path / "recording"
    epoch = record(draw_cued(tmp_path / "a.ts", PAIR), folder)
    index = Index(folder / INDEX_NAME, create=False)
    for (number,) in index.execute("SELECT number FROM files"):
        index.delete_file(epoch.id, number)
    assert index.execute("SELECT count(*) FROM cues") == [(0,)]
    index.close()


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["test-137.ts", "test-143.ts"])
def test_real_streams_with_a_pid_for_cues_are_read_as_before(name: str):
    path = Path(__file__).parents[2] / "../shared/data/dvb" / name
    if not path.exists():
        pytest.skip("the shared footage is not here")
    epochs = FileFootage([path]).epochs()
    assert all(epoch.cues() == [] for epoch in epochs)
    assert sum(epoch.end() for epoch in epochs) > 0


@pytest.mark.ffmpeg
def test_of_several_programmes_only_the_cues_of_our_own_are_read(tmp_path: Path):
    both = two_programmes(tmp_path)
    ours = transport_pid(both)
    with closing(open_container(str(both))) as container:
        pids = [stream.id for stream in container.streams.video]
    for pid in pids:
        path = tmp_path / f"{pid}.ts"
        cue = insertion(first_pts(both), Wanted(frame=30, lead=10))
        with both.open("rb") as source:
            path.write_bytes(b"".join(Injector(source, pid, first_pts(both), [cue]).run()))
        (epoch,) = FileFootage([path]).epochs()
        assert placed(epoch) == ([(CueKind.OUT, 30)] if pid == ours else [])
    assert len(pids) == 2


def two_programmes(folder: Path) -> Path:
    """Return a transport stream with two programmes of one video each."""
    large = draw(folder / "large.ts", Drawn(frames=75, size=(320, 192), sound=None, options={"g": "25"}))
    small = draw(folder / "small.ts", Drawn(frames=75, sound=None, options={"g": "25"}))
    programmes = [part for number in (0, 1) for part in ("-program", f"program_num={number + 1}:st={number}")]
    command = ["ffmpeg", "-v", "error", "-i", large, "-i", small, "-map", "0:v", "-map", "1:v", "-c", "copy"]
    subprocess.run([*map(str, command), *programmes, str(folder / "both.ts")], check=True)
    return folder / "both.ts"
