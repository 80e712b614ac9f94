"""Looking at a finished clip as a player would: are the right pictures there, at the right times?"""

import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.stream import Discard
from numpy.typing import NDArray

from streamproc.errors import ClipError

MAX_DIFFERENCE = 6.0
"""By how much a picture coded anew for the joint may differ from the source's on average, of 255."""
_SEEK_BACK = 2
_LUMA_ROWS = 360


@dataclass(frozen=True, slots=True)
class Look:
    """What a decoded picture looks like."""

    checksum: int
    """CRC-32 over all samples."""
    luma: NDArray[np.integer] | None
    """(H, W) uint8 or uint16, the luma plane, of large pictures thinned out; None where only equality counts."""
    depth: int
    """Bits a sample."""


def look_at(frame: av.VideoFrame, *, exactly: bool = False) -> Look:
    """Return what ``frame`` looks like; with ``exactly`` only to tell whether another is the same."""
    depth = frame.format.components[0].bits
    kind = np.dtype(np.uint8 if depth <= 8 else np.uint16)
    checksum = 0
    luma: NDArray[np.integer] | None = None
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), dtype=kind).reshape(plane.height, -1)[:, : plane.width].copy()
        checksum = zlib.crc32(rows.data, checksum)
        luma = _thinned(rows) if luma is None else luma
    return Look(checksum, None if exactly else luma, depth)


def _thinned(luma: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return every few rows and columns: a mean over them is as telling, and many joints' pictures are kept."""
    step = max(luma.shape[0] // _LUMA_ROWS, 1)
    return luma[::step, ::step].copy()


def difference(one: Look, other: Look) -> float:
    """Return the mean absolute difference of two lumas, in steps of 1/255; infinite when they differ in size."""
    if one.luma is None or other.luma is None:
        return 0.0
    if one.luma.shape != other.luma.shape:
        return float("inf")
    scale = 255 / ((1 << one.depth) - 1), 255 / ((1 << other.depth) - 1)
    return float(np.mean(np.abs(one.luma * np.float32(scale[0]) - other.luma * np.float32(scale[1]))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What the clip must hold."""

    times: Sequence[int]
    """Presentation ticks of all pictures, in order; 0 is the file's first."""
    time_base: Fraction
    """Seconds a tick."""
    looks: dict[int, Look]
    """How the source's pictures look, by presentation tick, where it will be compared."""
    copied: Sequence[range]
    """Ticks within which pictures must be the same bit by bit."""
    most_different: float = MAX_DIFFERENCE
    """By how much the others may differ on average, of 255."""

    def seconds(self, tick: int) -> float:
        """Return a tick in seconds."""
        return float(tick * self.time_base)


class WrongPicture(ClipError):
    """A clip is not what it should be, at a certain place."""

    def __init__(self, message: str, tick: int) -> None:
        super().__init__(message)
        self.tick = tick
        """Where, as the expectation counts."""


def check(path: Path, expected: Expectation) -> None:
    """Demux the clip whole and decode it where it was joined; raises ClipError for the first thing that is wrong."""
    try:
        with av.open(str(path)) as container:
            container.streams.video[0].thread_type = "AUTO"
            _check_times(container, expected)
            looks = sorted(expected.looks)
            groups: list[list[int]] = []
            near_ticks = _SEEK_BACK / expected.time_base
            for tick in looks:
                near = groups and tick - groups[-1][-1] < near_ticks
                groups[-1].append(tick) if near else groups.append([tick])
            for group in groups:
                _check_looks(container, expected, group)
    except av.error.FFmpegError as error:
        raise ClipError(f"the clip can't be read back: {error.strerror}") from error


def _check_times(container: av.container.InputContainer, expected: Expectation) -> None:
    if container.streams.video[0].time_base != expected.time_base:
        raise ClipError("the clip counts time in another way than it should")
    for stream in container.streams.audio:
        stream.discard = Discard.all  # so that its bytes are skipped
    found = array("q")
    for packet in container.demux(container.streams.video[0]):
        if packet.pts is not None:
            found.append(packet.pts)
    times = sorted(found)
    if len(times) != len(expected.times):
        raise ClipError(f"the clip holds {len(times)} pictures and should hold {len(expected.times)}")
    for this, wanted in zip(times, expected.times, strict=True):
        if this != wanted:
            message = f"the clip's picture at {expected.seconds(wanted):.3f} s is {this - wanted:+d} ticks off"
            raise WrongPicture(message, wanted)


def _check_looks(container: av.container.InputContainer, expected: Expectation, ticks: list[int]) -> None:
    stream = container.streams.video[0]
    container.seek(ticks[0], stream=stream)
    found: list[int] = []
    for frame in container.decode(stream):
        tick = frame.pts
        if tick is None or tick < ticks[0]:
            continue
        found.append(tick)
        look = expected.looks.get(tick)
        if look is not None:
            _compare(look_at(frame), look, expected, tick)
        if tick >= ticks[-1]:
            break
    wanted = expected.times[bisect_left(expected.times, ticks[0]) : bisect_right(expected.times, ticks[-1])]
    if found != list(wanted):
        seconds = expected.seconds(ticks[0])
        message = f"after {seconds:.3f} s the clip plays {len(found)} pictures in place of {len(wanted)}"
        raise WrongPicture(message, ticks[0])


def _compare(found: Look, source: Look, expected: Expectation, tick: int) -> None:
    seconds = expected.seconds(tick)
    if any(tick in copied for copied in expected.copied):
        if found.checksum != source.checksum:
            raise WrongPicture(f"the copied picture at {seconds:.3f} s does not decode to what it was", tick)
        return
    change = difference(found, source)
    if change > expected.most_different:
        raise WrongPicture(f"the picture at {seconds:.3f} s differs from the source by {change:.1f} of 255", tick)
