"""Files as footage: every frame's number and time, seeking, files end to end, and files that are broken."""

import contextlib
import random
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from streamproc.errors import SourceError, SourceLost, SourceUnsupported
from streamproc.media.decoder import decode_frames
from streamproc.media.files import AUDIO_BEFORE, FileEpoch, FileFootage, find_sources
from streamproc.media.footage import Epoch, Track
from tests.footage import Drawn, draw, read

GOP = {"g": "12", "bf": "3", "x264-params": "scenecut=0:b-adapt=0"}
SHORT = Drawn(frames=50, options=GOP)
KINDS = {
    "closed": SHORT,
    "open-gop": Drawn(frames=50, options={**GOP, "x264-params": "open-gop=1:scenecut=0:b-adapt=0"}),
    "no-b-frames": Drawn(frames=50, options={"g": "12", "bf": "0"}),
    "silent": Drawn(frames=50, options=GOP, sound=None),
    "29.97": Drawn(frames=50, rate=Fraction(30000, 1001), options=GOP),
    "50": Drawn(frames=50, rate=Fraction(50), options=GOP),
    "interlaced": Drawn(frames=40, size=(160, 96), interlaced="tff", options={**GOP, "flags": "+ilme+ildct"}),
    "varying": Drawn(frames=40, times=[n * 40 + (n * n) % 23 for n in range(40)], options=GOP),
    "mpeg2": Drawn(frames=50, codec="mpeg2video", options={"g": "12", "bf": "2", "crf": "", "b:v": "2M"}, sound="mp2"),
}
SUFFIXES = ("mp4", "ts", "mkv", "flv")


def only_epoch(*paths: Path) -> FileEpoch:
    """Return the one epoch of these files."""
    (epoch,) = FileFootage(paths).epochs()
    assert isinstance(epoch, FileEpoch)
    return epoch


def numbers(epoch: Epoch, start: Fraction = Fraction(0)) -> list[int]:
    """Return the numbers that the frames of an epoch carry, in the order of presentation."""
    video = epoch.format.video
    box = (0, 0, video.width, video.height)
    step = 2 if video.interlaced else 1
    pictures = (frame.crop(box).mean(axis=2) for frame in decode_frames(epoch, start, epoch.end()))
    return [read(picture[::step]) // step for picture in pictures]


def cut(path: Path, share: float, to: Path) -> Path:
    """Copy the first part of a file, as when its disk was full."""
    data = path.read_bytes()
    to.write_bytes(data[: int(len(data) * share)])
    return to


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "mpeg2"])
def test_frame_n_of_the_index_is_the_nth_that_is_decoded(kind: str, suffix: str, tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / f"a.{suffix}", KINDS[kind]))
    times = [frame.time for frame in decode_frames(epoch, Fraction(0), epoch.end())]
    assert [epoch.frame_number(time) for time in times] == list(range(KINDS[kind].frames))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", ["closed", "open-gop", "interlaced", "varying"])
def test_every_picture_is_there_once_and_in_order(kind: str, suffix: str, tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / f"a.{suffix}", KINDS[kind]))
    assert numbers(epoch) == list(range(KINDS[kind].frames))


def test_mpeg2_in_a_transport_stream_is_indexed_to_the_frame(tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / "a.ts", KINDS["mpeg2"]))
    assert epoch.frames == len(list(decode_frames(epoch, Fraction(0), epoch.end()))) == 50


def test_a_frame_is_presented_when_its_container_says(tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / "a.mp4", KINDS["varying"]))
    times = [frame.time for frame in decode_frames(epoch, Fraction(0), epoch.end())]
    assert times == [Fraction(n * 40 + (n * n) % 23, 1000) for n in range(40)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_packets_begin_with_the_keyframe_at_or_before_any_time(suffix: str, tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / f"a.{suffix}", SHORT))
    everything = [p for p in epoch.packets() if p.track is Track.VIDEO]
    keys = epoch.keyframe_times(Fraction(0), epoch.end())
    for key, following in zip(keys, [*keys[1:], epoch.end()], strict=True):
        for time in (key, (key + following) / 2, following - Fraction(1, 90_000)):
            video = [p for p in epoch.packets(time) if p.track is Track.VIDEO]
            assert video[0].pts * epoch.format.video.time_base == key
            assert video == everything[len(everything) - len(video) :]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_sound_from_just_before_the_keyframe_comes_with_it(suffix: str, tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / f"a.{suffix}", SHORT))
    audio = epoch.format.audio
    assert audio is not None
    key = epoch.keyframe_times(Fraction(0), epoch.end())[-1]
    wanted = [
        p.pts for p in epoch.packets() if p.track is Track.AUDIO and p.pts * audio.time_base >= key - AUDIO_BEFORE / 2
    ]
    found = [p.pts for p in epoch.packets(key) if p.track is Track.AUDIO]
    assert found[-len(wanted) :] == wanted


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_keyframes_after_a_time_are_those_of_the_whole_pass(suffix: str, tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / f"a.{suffix}", SHORT))
    base = epoch.format.video.time_base
    everything = list(epoch.keyframes())
    assert [key.pts * base for key in everything] == epoch.keyframe_times(Fraction(0), epoch.end())
    for n, key in enumerate(everything):
        assert list(epoch.keyframes(key.pts * base)) == everything[n + 1 :]


def test_sound_stays_where_it_was_beside_the_picture(tmp_path: Path) -> None:
    path = draw(tmp_path / "a.ts", SHORT)
    first = {}
    for kind in ("video", "audio"):
        with av.open(str(path)) as container:
            first[kind] = next(p.pts * p.time_base for p in container.demux(**{kind: 0}))
    epoch = only_epoch(path)
    audio = epoch.format.audio
    assert audio is not None
    begin = next(p.pts for p in epoch.packets() if p.track is Track.AUDIO)
    assert begin * audio.time_base == first["audio"] - first["video"]


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mkv", "flv"])
def test_files_that_each_count_from_zero_are_laid_end_to_end(suffix: str, tmp_path: Path) -> None:
    files = [draw(tmp_path / f"hour_{n}.{suffix}", SHORT) for n in range(3)]
    epoch = only_epoch(*files)
    assert numbers(epoch) == 3 * list(range(50))
    assert epoch.end() == pytest.approx(6, abs=0.001)
    assert epoch.frames == 150


def test_a_seek_into_the_second_file_goes_there(tmp_path: Path) -> None:
    epoch = only_epoch(draw(tmp_path / "0.mp4", SHORT), draw(tmp_path / "1.mp4", SHORT))
    assert numbers(epoch, Fraction(2))[:3] == [0, 1, 2]


@pytest.mark.parametrize("share", [0.3, 0.5, 0.62])
def test_a_transport_stream_cut_anywhere_loses_only_the_frame_that_is_cut(share: float, tmp_path: Path) -> None:
    data = draw(tmp_path / "whole.ts", Drawn(frames=100, options=GOP)).read_bytes()
    at = int(len(data) / 188 * share) * 188
    (tmp_path / "0.ts").write_bytes(data[:at])
    (tmp_path / "1.ts").write_bytes(data[at:])
    whole = only_epoch(tmp_path / "whole.ts")
    epoch = only_epoch(tmp_path / "0.ts", tmp_path / "1.ts")
    assert whole.frames - epoch.frames <= 1
    assert epoch.end() == whole.end()


def test_another_size_in_the_next_file_begins_an_epoch(tmp_path: Path) -> None:
    files = [draw(tmp_path / "0.mp4", SHORT), draw(tmp_path / "1.mp4", Drawn(frames=20, size=(192, 96), options=GOP))]
    assert [(e.id, e.format.video.width, e.end()) for e in FileFootage(files).epochs()] == [
        (1, 160, 2),
        (2, 192, Fraction(4, 5)),
    ]


@pytest.mark.parametrize("suffix", ["ts"])
def test_another_size_within_a_file_begins_an_epoch_with_its_keyframe(suffix: str, tmp_path: Path) -> None:
    parts = [SHORT, Drawn(frames=20, size=(192, 96), options=GOP)]
    data = b"".join(draw(tmp_path / f"{n}.{suffix}", part).read_bytes() for n, part in enumerate(parts))
    (tmp_path / "both.ts").write_bytes(data)
    first, second = FileFootage([tmp_path / "both.ts"]).epochs()
    assert (numbers(first), numbers(second)) == (list(range(50)), list(range(20)))


def test_a_file_that_begins_without_a_keyframe_begins_with_its_first(tmp_path: Path) -> None:
    path = draw(tmp_path / "whole.ts", SHORT)
    data = path.read_bytes()
    (tmp_path / "late.ts").write_bytes(data[int(len(data) / 188 * 0.3) * 188 :])
    found = numbers(only_epoch(tmp_path / "late.ts"))
    assert found == list(range(found[0], 50))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_file_ends_where_it_ends(suffix: str, tmp_path: Path) -> None:
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    whole = draw(tmp_path / f"a.{suffix}", Drawn(frames=50, options=GOP, container_options=options))
    epoch = only_epoch(cut(whole, 0.6, tmp_path / f"cut.{suffix}"))
    found = numbers(epoch)
    assert 10 < len(found) < 50
    assert found[:-4] == list(range(len(found) - 4))  # of the last few, those that others need may be missing


@pytest.mark.parametrize("suffix", ["ts", "mkv", "mp4", "flv"])
def test_a_garbled_middle_costs_no_more_than_itself(suffix: str, tmp_path: Path) -> None:
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    data = bytearray(
        draw(tmp_path / f"a.{suffix}", Drawn(frames=75, options=GOP, container_options=options)).read_bytes()
    )
    middle = len(data) // 2
    data[middle : middle + 1500] = bytes(n * 37 % 256 for n in range(1500))
    (tmp_path / f"b.{suffix}").write_bytes(data)
    epoch = only_epoch(tmp_path / f"b.{suffix}")
    assert epoch.frames > 60
    assert epoch.end() == pytest.approx(3, abs=0.2)
    assert len(list(epoch.keyframes())) >= 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_whatever_bytes_are_wrong_only_our_own_errors_come_out(suffix: str, tmp_path: Path) -> None:
    data = draw(tmp_path / f"a.{suffix}", SHORT).read_bytes()
    damaged = tmp_path / f"damaged.{suffix}"
    for seed in range(20):
        chance = random.Random(seed)
        wrong = bytearray(data)
        for _ in range(chance.choice([3, 30, 300])):
            wrong[chance.randrange(len(wrong))] = chance.randrange(256)
        damaged.write_bytes(wrong)
        with contextlib.suppress(SourceError):
            for epoch in FileFootage([damaged]).epochs():
                assert len(list(epoch.keyframes())) == len(epoch.keyframe_times(Fraction(-9), epoch.end() + 9))
                list(epoch.packets(epoch.end() / 2))


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda path: None, SourceLost, "no such file"),
        (lambda path: path.write_bytes(b""), SourceUnsupported, "empty"),
        (lambda path: path.mkdir(), SourceUnsupported, "folder"),
        (lambda path: path.write_bytes(b"hello, world\n" * 5000), SourceUnsupported, "not a video file"),
        (lambda path: path.write_bytes(bytes(100_000)), SourceUnsupported, "not a video file"),
        (lambda path: draw_sound(path), SourceUnsupported, "only audio"),
    ],
    ids=["missing", "empty", "folder", "text", "zeros", "sound-only"],
)
def test_what_is_no_video_is_said_in_one_line(
    make: object, kind: type[SourceError], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "thing.mp4"
    assert callable(make)
    make(path)
    with pytest.raises(kind, match=words) as raised:
        FileFootage([path]).epochs()
    assert "\n" not in str(raised.value)


def draw_sound(path: Path) -> None:
    """Write a file that has sound only."""
    with av.open(str(draw(path.with_suffix(".mkv"), SHORT))) as source, av.open(str(path), "w") as target:
        copy = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = copy
                target.mux(packet)


def test_a_file_that_can_not_be_read_does_not_cost_the_others(tmp_path: Path) -> None:
    (tmp_path / "1.mp4").write_bytes(b"torn")
    files = [draw(tmp_path / "0.mp4", SHORT), tmp_path / "1.mp4", draw(tmp_path / "2.mp4", SHORT)]
    assert [epoch.end() for epoch in FileFootage(files).epochs()] == [2, 2]


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for name in ("hour 10.ts", "hour 2.ts", "Hour 1.TS", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in find_sources(str(tmp_path))] == ["Hour 1.TS", "hour 2.ts", "hour 10.ts"]


def test_a_folder_without_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnsupported, match="no video files"):
        find_sources(str(tmp_path))


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["test-064", "test-072", "test-108", "test-137", "test-139"])
def test_a_real_broadcast_gives_as_many_frames_as_it_has(name: str, shared_data: Path) -> None:
    path = shared_data / "dvb" / f"{name}.ts"
    with av.open(str(path)) as container:
        decoded = sum(1 for _ in container.decode(container.streams.best("video")))
    assert sum(epoch.frames for epoch in FileFootage([path]).epochs() if isinstance(epoch, FileEpoch)) == decoded


@pytest.mark.shared_data
def test_fields_sent_apart_are_one_frame(shared_data: Path) -> None:
    """This broadcast codes its frames as two field pictures each; 3600 ticks are a frame, 1800 a field."""
    epoch = only_epoch(shared_data / "dvb" / "test-026.ts")
    shown = sorted(p.pts for p in epoch.packets() if p.track is Track.VIDEO)
    gaps = [later - earlier for earlier, later in pairwise(shown)]
    assert min(gaps) == 3600


@pytest.mark.shared_data
def test_an_encrypted_broadcast_is_refused_in_words(shared_data: Path) -> None:
    with pytest.raises(SourceUnsupported, match="encrypted"):
        FileFootage([shared_data / "dvb" / "test-103.ts"]).epochs()
