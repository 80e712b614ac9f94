"""Boxes: what is built is parsed again, as it was."""

import io
import os
from fractions import Fraction
from itertools import accumulate

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproc.errors import RecordingError
from streamproc.media.recording import fmp4
from streamproc.timebase import NS

SIZES = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=12)
STEPS = st.integers(1, 100_000)


@st.composite
def video_runs(draw: st.DrawFn) -> tuple[fmp4.Run, int]:
    """A run of video with any steps, and what comes after it."""
    data = draw(SIZES)
    start = draw(st.integers(-100_000, 1 << 40))
    *dts, following = accumulate(draw(st.lists(STEPS, min_size=len(data), max_size=len(data))), initial=start)
    pts = [time + draw(st.integers(0, 100_000)) for time in dts]
    keys = draw(st.lists(st.booleans(), min_size=len(data), max_size=len(data)))
    return fmp4.Run(dts, pts, keys, list(data)), following


@st.composite
def audio_runs(draw: st.DrawFn) -> tuple[fmp4.Run, int]:
    """A run of audio, which may be empty."""
    data = draw(st.lists(st.binary(min_size=1, max_size=50), max_size=12))
    start = draw(st.integers(0, 1 << 40))
    *dts, following = accumulate(draw(st.lists(STEPS, min_size=len(data), max_size=len(data))), initial=start)
    return fmp4.Run(dts, [], [], list(data)), following


TIME = fmp4.VideoTime(timescale=90_000, shift=100_000)
UTC_ZERO = st.integers(0, 4_000_000_000 * NS)  # past 2036, when NTP's seconds begin anew


def built(video: tuple[fmp4.Run, int], audio: tuple[fmp4.Run, int], utc_zero_ns: int = 0) -> bytes:
    return fmp4.build_fragment(1, TIME, utc_zero_ns, video, audio)


@given(video_runs(), audio_runs())
def test_a_fragment_keeps_every_sample_s_times_and_bytes(
    video: tuple[fmp4.Run, int], audio: tuple[fmp4.Run, int]
) -> None:
    data = built(video, audio)
    fragment = fmp4.parse_fragment(data, TIME)
    seen = [(s.dts, s.pts, s.duration, s.is_keyframe, data[s.offset : s.offset + s.size]) for s in fragment.video]
    run, following = video
    assert seen == list(zip(run.dts, run.pts, run.durations(following), run.keys, run.data, strict=True))
    heard = [(s.pts, s.duration, data[s.offset : s.offset + s.size]) for s in fragment.audio]
    run, following = audio
    durations = run.durations(following) if run.data else []
    assert heard == list(zip(run.dts, durations, run.data, strict=True))


@given(video_runs(), audio_runs())
def test_a_fragment_knows_its_size(video: tuple[fmp4.Run, int], audio: tuple[fmp4.Run, int]) -> None:
    data = built(video, audio)
    assert fmp4.parse_fragment(data, TIME).size == len(data)


@given(UTC_ZERO)
def test_a_fragment_keeps_the_wall_time_of_zero_to_the_nanosecond(zero_ns: int) -> None:
    run = fmp4.Run([0], [1234], [True], [b"x"])
    fragment = fmp4.parse_fragment(built((run, 1), (fmp4.Run(), 0), zero_ns), TIME)
    assert fragment.utc_zero_ns == zero_ns


@given(video_runs(), audio_runs(), st.data())
def test_only_whole_fragments_are_read(
    video: tuple[fmp4.Run, int], audio: tuple[fmp4.Run, int], data: st.DataObject
) -> None:
    whole = built(video, audio) * 2
    cut = data.draw(st.integers(0, len(whole)))
    read, write = os.memfd_create("fragments"), whole[:cut]
    try:
        os.write(read, write)
        assert len(list(fmp4.fragments(read, 0, cut, TIME))) == cut // (len(whole) // 2)
    finally:
        os.close(read)


@given(st.binary(min_size=48, max_size=400))
def test_garbage_is_a_recording_error(garbage: bytes) -> None:
    with pytest.raises(RecordingError):
        fmp4.parse_fragment(built((fmp4.Run([0], [0], [True], [b"x"]), 1), (fmp4.Run(), 0))[:40] + garbage, TIME)


def test_times_that_don_t_rise_keep_their_presentation_times() -> None:
    run = fmp4.Run([0, 3600, 3600, 3000], [3600, 7200, 7300, 9000], [True, False, False, False], [b"x"] * 4)
    fragment = fmp4.parse_fragment(built((run, 7200), (fmp4.Run(), 0)), TIME)
    assert [sample.pts for sample in fragment.video] == run.pts


def test_the_description_comes_back_from_the_header() -> None:
    header = fmp4.build_header(muxed(), TIME, None, b'{"epoch": 1}')
    assert fmp4.parse_header(header) == (len(header), b'{"epoch": 1}')


def test_a_header_that_is_cut_off_is_none() -> None:
    header = fmp4.build_header(muxed(), TIME, None, b"{}")
    assert [fmp4.parse_header(header[:cut]) for cut in range(0, len(header), 16)] == [None] * (-(-len(header) // 16))


def test_libavformat_takes_the_header() -> None:
    header = fmp4.build_header(muxed(), TIME, None, b"{}")
    with av.open(io.BytesIO(header + built((fmp4.Run([0], [0], [True], [b"x"]), 3600), (fmp4.Run(), 0)))) as file:
        assert file.streams.video[0].time_base == Fraction(1, 90_000)


def muxed() -> bytes:
    """An MP4 by libavformat with one mpeg4 frame."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"movflags": "empty_moov+delay_moov"}) as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    return buffer.getvalue()


@given(st.lists(st.binary(min_size=1, max_size=40).filter(lambda unit: b"\0\0" not in unit), min_size=1))
def test_nal_units_survive_any_start_codes(units: list[bytes]) -> None:
    units = [unit.strip(b"\0") or b"\1" for unit in units]
    stream = b"".join((b"\0\0\0\1" if number % 2 else b"\0\0\1") + unit for number, unit in enumerate(units))
    assert fmp4.nal_units(stream) == units


def test_length_prefixes_say_each_unit_s_length() -> None:
    assert fmp4.length_prefixed(b"\0\0\0\1\x67abc\0\0\1\x65de") == b"\0\0\0\4\x67abc\0\0\0\3\x65de"
