"""Decoding what is recorded: keyframes alone, every frame once, parts of pictures in the right colours, sound."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from streamproc.errors import SourceUnsupported
from streamproc.media.decoder import AUDIO_STEP, Frame, FrameReader, KeyframeDecoder, decode_audio, decode_frames
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch, MediaPacket, Track, VideoFormat
from tests.footage import Drawn, draw, read

GOP = {"g": "12", "bf": "3", "x264-params": "scenecut=0:b-adapt=0"}
OPEN = {**GOP, "x264-params": "open-gop=1:scenecut=0:b-adapt=0"}
KINDS = {
    "closed": Drawn(frames=40, options=GOP),
    "open-gop": Drawn(frames=40, options=OPEN),
    "29.97": Drawn(frames=40, rate=Fraction(30000, 1001), options=GOP),
    "interlaced": Drawn(frames=40, interlaced="tff", options={**GOP, "flags": "+ilme+ildct"}),
    "mpeg2": Drawn(frames=40, codec="mpeg2video", options={"g": "12", "bf": "2", "crf": "", "b:v": "2M"}, sound="mp2"),
    "ten-bits": Drawn(frames=40, pixel_format="yuv420p10le", options=GOP),
}
BOX = (0, 0, 160, 96)


def epoch_of(path: Path) -> Epoch:
    """Return the one epoch of a file."""
    (epoch,) = FileFootage([path]).epochs()
    return epoch


def number(frame: Frame, *, interlaced: bool = False) -> int:
    """Return the number that a frame carries."""
    grey = frame.crop(BOX).mean(axis=2)
    return read(grey[::2]) // 2 if interlaced else read(grey)


@pytest.fixture(params=KINDS)
def drawn(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Drawn, Epoch]:
    """Return footage of each kind."""
    kind = KINDS[request.param]
    return kind, epoch_of(draw(tmp_path / ("it.ts" if kind.codec == "mpeg2video" else "it.mp4"), kind))


def test_every_frame_comes_once_in_order_at_its_time(drawn: tuple[Drawn, Epoch]) -> None:
    kind, epoch = drawn
    seen = [
        (frame.time, number(frame, interlaced=bool(kind.interlaced)))
        for frame in decode_frames(epoch, Fraction(0), epoch.end())
    ]
    assert [shown for _, shown in seen] == list(range(40))
    assert [round(time * kind.rate) for time, _ in seen] == list(range(40))


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 5), (11, 14), (12, 13), (17, 30), (38, 40)])
def test_a_stretch_holds_exactly_its_frames(drawn: tuple[Drawn, Epoch], first: int, last: int) -> None:
    kind, epoch = drawn
    times = [frame.time for frame in decode_frames(epoch, Fraction(0), epoch.end())]
    start, end = times[first], times[last] if last < 40 else epoch.end()
    found = [number(frame, interlaced=bool(kind.interlaced)) for frame in decode_frames(epoch, start, end)]
    assert found == list(range(first, last))


def test_a_keyframe_is_decoded_alone_and_at_once(drawn: tuple[Drawn, Epoch]) -> None:
    kind, epoch = drawn
    decoder = KeyframeDecoder(epoch.format.video)
    for packet in epoch.keyframes():
        frame = decoder.decode(packet)
        assert frame is not None
        assert number(frame, interlaced=bool(kind.interlaced)) == epoch.frame_number(frame.time)


def test_keyframes_can_be_decoded_in_any_order(drawn: tuple[Drawn, Epoch]) -> None:
    kind, epoch = drawn
    decoder = KeyframeDecoder(epoch.format.video)
    for packet in reversed(list(epoch.keyframes())):
        frame = decoder.decode(packet)
        assert frame is not None
        assert number(frame, interlaced=bool(kind.interlaced)) == epoch.frame_number(frame.time)


def test_a_reader_goes_on_where_it_was(drawn: tuple[Drawn, Epoch]) -> None:
    kind, epoch = drawn
    reader = FrameReader(epoch, Fraction(0))
    found = [number(frame, interlaced=bool(kind.interlaced)) for frame in islice(reader.read(), 7)]
    found += [number(frame, interlaced=bool(kind.interlaced)) for frame in reader.read(Fraction(1))]
    found += [number(frame, interlaced=bool(kind.interlaced)) for frame in reader.read()]
    assert found == list(range(40))


def test_a_broken_keyframe_is_counted_and_the_next_is_fine(tmp_path: Path) -> None:
    epoch = epoch_of(draw(tmp_path / "it.mp4", KINDS["closed"]))
    good = next(epoch.keyframes())
    bad = MediaPacket(Track.VIDEO, good.pts, good.dts, good.duration, True, b"\x00\x00\x00\x04\x65\xff\xff\xff")
    decoder = KeyframeDecoder(epoch.format.video)
    assert decoder.decode(bad) is None
    assert decoder.corrupt == 1
    frame = decoder.decode(good)
    assert frame is not None
    assert number(frame) == 0


def test_an_unknown_codec_is_refused_in_one_line(tmp_path: Path) -> None:
    video = epoch_of(draw(tmp_path / "it.mp4", KINDS["closed"])).format.video
    unknown = VideoFormat(
        codec="nonsense",
        width=video.width,
        height=video.height,
        time_base=video.time_base,
        rate=video.rate,
        extradata=b"",
        sample_aspect=video.sample_aspect,
        interlaced=False,
    )
    with pytest.raises(SourceUnsupported, match="no decoder for the codec 'nonsense'"):
        KeyframeDecoder(unknown)


def colourful(pixel_format: str, *, matrix: int = 1, full: bool = False) -> av.VideoFrame:
    """Return a smooth colourful picture, 96 × 64, in a pixel format."""
    y, x = np.mgrid[0:64, 0:96]
    rgb = np.dstack([40 + 2 * x, 220 - 2 * y, 60 + x + y]).astype(np.uint8)
    source = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    space = "ITU709" if matrix == 1 else "ITU601"
    frame = source.reformat(format=pixel_format, dst_colorspace=space, dst_color_range="JPEG" if full else "MPEG")
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    return frame


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuv444p", "nv12", "yuv420p10le"])
@pytest.mark.parametrize("matrix", [1, 5])
@pytest.mark.parametrize("full", [False, True])
def test_a_part_of_a_picture_has_its_right_colours(pixel_format: str, matrix: int, full: bool) -> None:
    frame = Frame(colourful(pixel_format, matrix=matrix, full=full), Fraction(0))
    left, top, right, bottom = box = (10, 8, 50, 40)
    y, x = np.mgrid[top:bottom, left:right]
    expected = np.dstack([40 + 2 * x, 220 - 2 * y, 60 + x + y])
    assert np.abs(frame.crop(box).astype(int) - expected).mean() < 2.5


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "nv12", "yuv420p10le"])
def test_a_thumbnail_is_the_picture_made_small(pixel_format: str) -> None:
    thumbnail = Frame(colourful(pixel_format), Fraction(0)).thumbnail(24, 16)
    whole = colourful("yuv444p").to_ndarray()
    expected = np.moveaxis(whole.reshape(3, 16, 4, 24, 4).mean(axis=(2, 4)), 0, -1)
    assert np.abs(thumbnail - expected).mean() < 2.5


def test_a_change_of_size_inside_an_epoch_is_decoded(tmp_path: Path) -> None:
    small = epoch_of(draw(tmp_path / "small.ts", Drawn(frames=12, options=GOP)))
    large = epoch_of(draw(tmp_path / "large.ts", Drawn(frames=12, size=(320, 192), options=GOP)))
    decoder = KeyframeDecoder(small.format.video)
    sizes = []
    for epoch in (small, large, small):
        frame = decoder.decode(next(epoch.keyframes()))
        assert frame is not None
        sizes.append((frame.width, frame.height))
    assert sizes == [(160, 96), (320, 192), (160, 96)]


def test_the_sound_envelope_tells_noise_from_silence(tmp_path: Path) -> None:
    path = tmp_path / "it.mp4"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=48_000)
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        sound.layout = "mono"
        for at in range(50):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts, frame.time_base = at, Fraction(1, 25)
            container.mux(video.encode(frame))
            level = 0.0 if 20 <= at < 30 else 0.3
            samples = (np.random.default_rng(at).standard_normal((1, 1920)) * level).astype(np.float32)
            heard = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, at * 1920, Fraction(1, 48_000)
            container.mux(sound.encode(heard))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    envelope = decode_audio(epoch_of(path), Fraction(1, 2), Fraction(3, 2))
    assert envelope is not None
    loud = envelope.bands.mean(axis=1) > -60
    silent = [envelope.start + index * AUDIO_STEP for index in np.flatnonzero(~loud)]
    assert abs(silent[0] - Fraction(4, 5)) <= 2 * AUDIO_STEP
    assert abs(silent[-1] - Fraction(6, 5)) <= 3 * AUDIO_STEP


def test_without_an_audio_track_there_is_no_envelope(tmp_path: Path) -> None:
    epoch = epoch_of(draw(tmp_path / "it.mp4", Drawn(frames=20, options=GOP, sound=None)))
    assert decode_audio(epoch, Fraction(0), epoch.end()) is None
