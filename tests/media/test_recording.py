"""What goes into the recording comes out of it: every byte, every time, from files that play alone."""

import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamproc.errors import InstanceError, RecordingError, SourceUnsupported
from streamproc.media.footage import MediaPacket, Track
from streamproc.media.recording import writer as recording_writer
from streamproc.media.recording.fmp4 import length_prefixed
from streamproc.media.recording.index import Index
from streamproc.media.recording.reader import RecordingEpoch, RecordingFootage
from streamproc.media.recording.writer import RecordingWriter
from streamproc.timebase import NS, ManualClock, SystemClock
from tests.footage import Drawn, draw, read
from tests.media.recorded import Sent, of_track, read_source, record, write_epoch, zero_of

X264 = {"g": "25", "bf": "3", "b_strategy": "0", "sc_threshold": "0"}
SOURCES = {
    "b-frames.mp4": Drawn(frames=130, options=X264),
    "open-gop.ts": Drawn(frames=130, options=X264 | {"x264-params": "open-gop=1"}),
    "no-b-frames.flv": Drawn(frames=130, options=X264 | {"bf": "0"}),
    "b-frames.flv": Drawn(frames=130, options=X264),
    "29.97.flv": Drawn(frames=130, rate=Fraction(30000, 1001), options=X264),
    "29.97.mp4": Drawn(frames=130, rate=Fraction(30000, 1001), options=X264),
    "50.ts": Drawn(frames=250, rate=Fraction(50), options=X264),
    "interlaced.ts": Drawn(frames=130, interlaced="tff", options=X264 | {"x264-params": "interlaced=1"}),
    "silent.ts": Drawn(frames=130, sound=None, options=X264),
    "silent.flv": Drawn(frames=130, sound=None, options=X264),
    "mpeg2.ts": Drawn(frames=130, codec="mpeg2video", sound="mp2", options={"g": "12", "bf": "2"}),
    "hevc.ts": Drawn(
        frames=75, codec="libx265", options={"preset": "ultrafast", "x265-params": "log-level=none:keyint=25"}
    ),
    "ac3.ts": Drawn(frames=75, sound="ac3", options=X264),
    "vfr.flv": Drawn(frames=75, times=[n * 40 + (n * n) % 23 for n in range(75)], options=X264 | {"bf": "0"}),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the footage, drawn on demand by ``source``."""
    return tmp_path_factory.mktemp("sources")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A source that was recorded as one epoch."""

    name: Path
    """Of the source."""
    epoch: RecordingEpoch
    folder: Path
    """Where the epoch's files lie."""
    sent: list[Sent]


@pytest.fixture(params=SOURCES, scope="module")
def recorded(request: pytest.FixtureRequest, sources: Path) -> Recorded:
    """Each kind of source in turn, recorded in files of two seconds."""
    folder = sources / f"{request.param}.recording"
    epoch, sent = record(drawn(request.param, sources), folder)
    return Recorded(Path(request.param), epoch, folder / str(epoch.id), sent)


def drawn(name: str, folder: Path) -> Path:
    """Draw a source once."""
    path = folder / name
    return path if path.exists() else draw(path, SOURCES[name])


@pytest.fixture
def b_frames(sources: Path) -> Path:
    """The usual source: H.264 with B-frames and AAC."""
    return drawn("b-frames.mp4", sources)


def expected_data(sent: Sent, epoch: RecordingEpoch, suffix: str) -> bytes:
    """Return the bytes as the recording keeps them, from a source in a container with this suffix."""
    if sent.track is Track.VIDEO and suffix == ".ts" and epoch.format.video.codec in ("h264", "hevc"):
        return length_prefixed(sent.data)
    if sent.track is Track.AUDIO and suffix == ".ts" and sent.data[:2] in (b"\xff\xf1", b"\xff\xf9"):
        return sent.data[7:]
    return sent.data


def times(packets: list[MediaPacket], base: Fraction) -> list[tuple[Fraction, Fraction, bool]]:
    return [(packet.pts * base, packet.dts * base, packet.is_keyframe) for packet in packets]


def presented(sent: list[Sent]) -> list[Sent]:
    """Return the video packets from the first keyframe on that can be presented."""
    zero = zero_of(sent)
    return [packet for packet in of_track(sent, Track.VIDEO) if packet.pts >= zero]


def test_video_comes_out_with_its_exact_times(recorded: Recorded) -> None:
    epoch, sent = recorded.epoch, recorded.sent
    zero = zero_of(sent)
    video = of_track(list(epoch.packets()), Track.VIDEO)
    assert times(video, epoch.format.video.time_base) == [
        (packet.pts - zero, packet.dts - zero, packet.is_keyframe) for packet in presented(sent)
    ]


def test_audio_comes_out_with_its_exact_times(recorded: Recorded) -> None:
    epoch, sent = recorded.epoch, recorded.sent
    zero = zero_of(sent)
    audio = of_track(list(epoch.packets()), Track.AUDIO)
    base = Fraction(1) if epoch.format.audio is None else epoch.format.audio.time_base
    assert [packet.pts * base for packet in audio] == [
        packet.pts - zero for packet in of_track(sent, Track.AUDIO) if packet.pts >= zero
    ]


def test_every_byte_comes_out(recorded: Recorded) -> None:
    epoch, sent = recorded.epoch, recorded.sent
    zero = zero_of(sent)
    for track in Track:
        found = [packet.data for packet in of_track(list(epoch.packets()), track)]
        wanted = [packet for packet in of_track(sent, track) if packet.pts >= zero]
        assert found == [expected_data(packet, epoch, recorded.name.suffix) for packet in wanted]


def test_decoding_gives_every_picture_in_order(recorded: Recorded) -> None:
    epoch, sent = recorded.epoch, recorded.sent
    video = epoch.format.video
    decoder = av.CodecContext.create(video.codec, "r")
    decoder.extradata = video.extradata or None
    numbers = []
    for media in [*of_track(list(epoch.packets()), Track.VIDEO), None]:
        packet = None if media is None else av.Packet(media.data)
        for frame in decoder.decode(packet):
            luma = frame.to_ndarray(format="gray")
            numbers.append(read(luma[::2]) // 2 if recorded.name.stem == "interlaced" else read(luma))
    assert numbers == list(range(numbers[0], numbers[0] + len(presented(sent))))


@pytest.mark.ffmpeg
def test_each_file_plays_alone_without_a_warning(recorded: Recorded) -> None:
    sent = recorded.sent
    found = [probe(path) for path in sorted(recorded.folder.glob("*.mp4"))]
    assert sum(frames for frames, _ in found) >= len(presented(sent)) - 3 * len(found)  # a file may lead with orphans
    # Where groups of pictures are open, a decoder misses what the first pictures of a later file refer to.
    quiet = found[:1] if recorded.name.stem == "open-gop" else found
    assert [warnings for _, warnings in quiet] == [""] * len(quiet)


def probe(path: Path) -> tuple[int, str]:
    """Return how many frames FFmpeg decodes, and what it complains about."""
    command = ["ffprobe", "-v", "warning", "-count_frames", "-select_streams", "v", "-show_streams", "-of", "json"]
    done = subprocess.run([*command, path], capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout)["streams"][0]["nb_read_frames"]), done.stderr


def test_each_file_begins_with_a_keyframe(recorded: Recorded) -> None:
    for path in sorted(recorded.folder.glob("*.mp4")):
        with av.open(str(path)) as container:
            assert next(container.demux(video=0)).is_keyframe


def test_libavformat_reads_the_same_times_from_the_files(b_frames: Path, tmp_path: Path) -> None:
    epoch, sent = record(b_frames, tmp_path / "r")
    zero = zero_of(sent)
    found = []
    for path in sorted((tmp_path / "r" / str(epoch.id)).glob("*.mp4")):
        with av.open(str(path)) as container:
            found += [
                (packet.pts * packet.time_base, packet.dts * packet.time_base)
                for packet in container.demux(video=0)
                if packet.pts is not None and packet.dts is not None
            ]
    assert found == [(packet.pts - zero, packet.dts - zero) for packet in presented(sent)]


def test_a_keyframe_is_the_same_packet_alone(recorded: Recorded) -> None:
    epoch = recorded.epoch
    assert list(epoch.keyframes()) == [
        packet for packet in epoch.packets() if packet.track is Track.VIDEO and packet.is_keyframe
    ]


def test_frame_numbers_count_in_presentation_order(recorded: Recorded) -> None:
    epoch = recorded.epoch
    base = epoch.format.video.time_base
    shown = sorted(packet.pts * base for packet in of_track(list(epoch.packets()), Track.VIDEO))
    assert [epoch.frame_number(time) for time in shown] == list(range(len(shown)))


def test_a_time_between_two_frames_belongs_to_the_later_number(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    assert epoch.frame_number(Fraction(401, 10000)) == 2


def test_the_number_at_the_end_is_the_number_of_frames(recorded: Recorded) -> None:
    epoch, sent = recorded.epoch, recorded.sent
    assert epoch.frame_number(epoch.end()) == len(presented(sent))


def test_the_end_is_the_end_of_the_last_frame(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    assert epoch.end() == Fraction(130, 25)


def test_reading_from_a_time_begins_with_its_keyframe(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    video = of_track(list(epoch.packets(Fraction(5, 2))), Track.VIDEO)
    assert video[0].pts * epoch.format.video.time_base == 2


def test_reading_from_a_time_gives_all_that_follows(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    assert of_track(list(epoch.packets()), Track.VIDEO)[50:] == of_track(list(epoch.packets(Fraction(2))), Track.VIDEO)


def test_reading_from_a_time_misses_no_audio_from_there(recorded: Recorded) -> None:
    epoch = recorded.epoch
    if epoch.format.audio is None:
        return
    base = epoch.format.audio.time_base
    start = list(epoch.keyframes())[2].pts * epoch.format.video.time_base
    everything = [packet for packet in of_track(list(epoch.packets()), Track.AUDIO) if packet.pts * base >= start]
    assert [p for p in of_track(list(epoch.packets(start)), Track.AUDIO) if p.pts * base >= start] == everything


def test_packets_come_in_decoding_order(recorded: Recorded) -> None:
    epoch = recorded.epoch
    for track in Track:
        dts = [packet.dts for packet in of_track(list(epoch.packets()), track)]
        assert all(before < after for before, after in pairwise(dts))


def test_keyframe_times_include_the_start_and_exclude_the_end(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    assert epoch.keyframe_times(Fraction(1), Fraction(3)) == [1, 2]


def test_keyframes_after_a_time_leave_it_out(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    base = epoch.format.video.time_base
    assert [packet.pts * base for packet in epoch.keyframes(Fraction(2))] == [3, 4, 5]


def test_the_format_is_the_source_s(b_frames: Path, tmp_path: Path) -> None:
    epoch, _ = record(b_frames, tmp_path / "r")
    video, audio = epoch.format.video, epoch.format.audio
    assert audio is not None
    assert (video.codec, video.width, video.height, video.rate) == ("h264", 160, 96, 25)
    assert (audio.codec, audio.rate, audio.layout) == ("aac", 48000, "stereo")


def test_annex_b_becomes_avcc(sources: Path, tmp_path: Path) -> None:
    epoch, _ = record(drawn("50.ts", sources), tmp_path / "r")
    assert epoch.format.video.extradata[:1] == b"\1"


def test_interlaced_footage_is_known_to_be(sources: Path, tmp_path: Path) -> None:
    epoch, _ = record(drawn("interlaced.ts", sources), tmp_path / "r")
    assert epoch.format.video.interlaced


def test_no_audio_is_no_audio(sources: Path, tmp_path: Path) -> None:
    epoch, _ = record(drawn("silent.flv", sources), tmp_path / "r")
    assert epoch.format.audio is None


def test_an_epoch_may_begin_between_keyframes(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    late = packets[len(packets) // 3 :]
    number = write_epoch(writer, source.video, source.audio, late)
    first = next(iter(RecordingFootage(tmp_path).epoch(number).packets()))
    assert (first.pts, first.is_keyframe) == (0, True)
    writer.close()


def test_audio_that_ends_does_not_hold_the_video_back(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    silent = [p for n, p in enumerate(packets) if n < 20 or Sent.of(p).track is Track.VIDEO]
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in silent[:-20]:
        epoch.write(packet)
    [seen] = RecordingFootage(tmp_path).epochs()
    newest = Sent.of(silent[-21]).dts - zero_of([Sent.of(p) for p in packets])
    assert newest - seen.end() <= Fraction(1, 2)
    epoch.close("stopped")
    writer.close()


def test_sound_that_is_announced_but_never_comes_is_waited_for_in_vain(sources: Path, tmp_path: Path) -> None:
    source, packets = read_source(drawn("50.ts", sources))
    video = [packet for packet in packets if Sent.of(packet).track is Track.VIDEO]
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = RecordingFootage(tmp_path).epoch(write_epoch(writer, source.video, source.audio, video))
    assert (epoch.format.audio, epoch.end()) == (None, 5)
    writer.close()


def test_an_epoch_that_ends_while_it_waits_for_sound_is_recorded(sources: Path, tmp_path: Path) -> None:
    source, packets = read_source(drawn("50.ts", sources))
    video = [packet for packet in packets if Sent.of(packet).track is Track.VIDEO][:20]
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = RecordingFootage(tmp_path).epoch(write_epoch(writer, source.video, source.audio, video))
    assert len(list(epoch.packets())) == 20
    writer.close()


def test_sound_that_came_before_the_first_keyframe_but_is_heard_after_it_is_kept(
    b_frames: Path, tmp_path: Path
) -> None:
    source, packets = read_source(b_frames)
    sound = [packet for packet in packets if Sent.of(packet).track is Track.AUDIO]
    pictures = [packet for packet in packets if Sent.of(packet).track is Track.VIDEO]
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    number = write_epoch(writer, source.video, source.audio, [*sound[:40], *pictures, *sound[40:]])
    heard = of_track(list(RecordingFootage(tmp_path).epoch(number).packets()), Track.AUDIO)
    assert len(heard) == len([packet for packet in sound if (packet.pts or 0) >= 0])
    writer.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lead=st.integers(-150, 150), burst=st.integers(1, 60), file_s=st.sampled_from([1.0, 2.0, 60.0]))
def test_however_the_tracks_are_interleaved_every_packet_comes_out(
    b_frames: Path, tmp_path_factory: pytest.TempPathFactory, lead: int, burst: int, file_s: float
) -> None:
    source, packets = read_source(b_frames)
    pictures = [packet for packet in packets if Sent.of(packet).track is Track.VIDEO]
    sound = [packet for packet in packets if Sent.of(packet).track is Track.AUDIO]
    mixed = sound[: max(0, lead)] + pictures[: max(0, -lead)]
    pictures, sound = pictures[max(0, -lead) :], sound[max(0, lead) :]
    while pictures or sound:
        mixed += pictures[:burst] + sound[: 2 * burst]
        pictures, sound = pictures[burst:], sound[2 * burst :]
    folder = tmp_path_factory.mktemp("mixed")
    writer = RecordingWriter(folder, file_s=file_s, fragment_s=0.4, clock=SystemClock())
    number = write_epoch(writer, source.video, source.audio, mixed)
    writer.close()
    found = list(RecordingFootage(folder).epoch(number).packets())
    for track in Track:
        sent = [p.data for p in of_track([Sent.of(packet) for packet in mixed], track) if p.pts >= 0]
        assert [packet.data for packet in of_track(found, track)] == sent


def test_a_poll_without_news_asks_the_index_for_its_version_alone(
    b_frames: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch, _ = record(b_frames, tmp_path)
    last = epoch.keyframe_times(Fraction(0), epoch.end())[-1]
    assert list(epoch.keyframes(last)) == []
    asked: list[str] = []
    execute = Index.execute
    monkeypatch.setattr(
        Index, "execute", lambda index, sql, values=(): asked.append(sql) or execute(index, sql, values)
    )
    assert list(epoch.keyframes(last)) == []
    assert asked == ["PRAGMA data_version"]


def test_audio_goes_on_when_the_video_stops(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    blind = [p for n, p in enumerate(packets) if n < 60 or Sent.of(p).track is Track.AUDIO]
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in blind:
        epoch.write(packet)
    [seen] = RecordingFootage(tmp_path).epochs()
    heard = of_track(list(seen.packets()), Track.AUDIO)
    assert len(of_track([Sent.of(p) for p in blind], Track.AUDIO)) - len(heard) <= 45  # 0.9 s wait in memory
    epoch.close("stopped")
    writer.close()


def test_what_came_is_on_disk_within_a_fragment(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    footage = RecordingFootage(tmp_path)
    zero = zero_of([Sent.of(packet) for packet in packets])
    behind = []
    for packet in packets:
        epoch.write(packet)
        if Sent.of(packet).track is Track.VIDEO and footage.epochs():
            behind.append(Sent.of(packet).dts - zero - footage.epochs()[0].end())
    assert max(behind) <= Fraction(2, 5) + Fraction(1, 25)
    epoch.close("stopped")
    writer.close()


def test_a_tailing_reader_sees_every_keyframe_once(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    footage = RecordingFootage(tmp_path)
    seen: list[MediaPacket] = []
    for packet in packets:
        epoch.write(packet)
        for reader in footage.epochs():
            after = seen[-1].pts * reader.format.video.time_base if seen else None
            seen += reader.keyframes(after)
    epoch.close("stopped")
    seen += footage.epochs()[0].keyframes(seen[-1].pts * Fraction(1, 12800))
    assert seen == list(footage.epochs()[0].keyframes())
    writer.close()


def test_a_live_epoch_has_not_ended(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    epoch = writer.begin_epoch(source.video, source.audio)
    for packet in packets:
        epoch.write(packet)
    [seen] = RecordingFootage(tmp_path).epochs()
    before = seen.has_ended()
    epoch.close("lost")
    assert (before, seen.has_ended(), seen.end_reason()) == (False, True, "lost")
    writer.close()


def test_a_reconnect_is_a_new_epoch_with_its_own_zero(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    numbers = [write_epoch(writer, source.video, source.audio, part) for part in (packets[:200], packets[200:])]
    epochs = RecordingFootage(tmp_path).epochs()
    assert [epoch.id for epoch in epochs] == sorted(numbers)
    assert [next(iter(epoch.packets())).pts for epoch in epochs] == [0, 0]
    writer.close()


def test_wall_time_of_zero_is_set_by_the_least_delayed_packet(b_frames: Path, tmp_path: Path) -> None:
    source, packets = read_source(b_frames)
    clock = ManualClock()
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=clock)
    epoch = writer.begin_epoch(source.video, source.audio)
    zero = zero_of([Sent.of(packet) for packet in packets])
    start_ns = clock.utc_ns()
    for packet in packets:
        sent = Sent.of(packet)
        late_s = Fraction(1, 5) if sent.pts - zero > 2 else Fraction(3, 2)
        due_ns = start_ns + round((sent.pts - zero + late_s) * NS)
        clock.advance(max(0, due_ns - clock.utc_ns()) / NS)
        epoch.write(packet)
    epoch.close("stopped")
    [seen] = RecordingFootage(tmp_path).epochs()
    assert abs(seen.utc_zero_ns - start_ns) < 0.3 * NS
    writer.close()


def test_a_codec_that_mp4_does_not_hold_is_named(tmp_path: Path) -> None:
    path = draw(tmp_path / "odd.avi", Drawn(frames=10, codec="wmv2", sound=None))
    with av.open(str(path)) as container:
        writer = RecordingWriter(tmp_path / "r", file_s=2, fragment_s=0.4, clock=SystemClock())
        with pytest.raises(SourceUnsupported, match=r"^the video codec wmv2 can't be recorded"):
            writer.begin_epoch(container.streams.video[0], None)
        writer.close()


def test_a_second_recorder_on_the_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_writer, "_LOCK_WAIT_S", 0.0)
    writer = RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    with pytest.raises(InstanceError, match="another process already records here"):
        RecordingWriter(tmp_path, file_s=2, fragment_s=0.4, clock=SystemClock())
    writer.close()


def test_a_folder_that_can_t_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match=r"^\S+/file/channel: can't record here \(Not a directory\)$"):
        RecordingWriter(tmp_path / "file" / "channel", file_s=2, fragment_s=0.4, clock=SystemClock())


def test_footage_of_a_channel_never_recorded_is_empty(tmp_path: Path) -> None:
    assert RecordingFootage(tmp_path / "none").epochs() == []
