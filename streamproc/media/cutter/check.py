"""Looking at a finished clip as a player would: are the right pictures there, at the right times?"""

import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from streamproc.errors import ClipError

_MAX_DIFFERENCE = 6.0
_SEEK_BACK = 2


@dataclass(frozen=True, slots=True)
class Look:
    """What a decoded picture looks like."""

    checksum: int
    """CRC-32 over all samples."""
    luma: NDArray[np.integer] | None
    """(H, W) uint8 or uint16, the luma plane; None where only equality counts."""
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
        luma = rows if luma is None else luma
    return Look(checksum, None if exactly else luma, depth)


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
    """Presentation ticks of all pictures, in order, as in the source."""
    time_base: Fraction
    """Seconds a tick."""
    looks: dict[int, Look]
    """How the source's pictures look, by presentation tick, where it will be compared."""
    copied: range
    """Ticks within which pictures must be the same bit by bit."""


def check(path: Path, expected: Expectation) -> None:
    """Demux the clip whole and decode it where it was joined; raises ClipError for the first thing that is wrong."""
    try:
        with av.open(str(path)) as container:
            _check_times(container, expected)
            looks = sorted(expected.looks)
            groups: list[list[int]] = []
            for tick in looks:
                near = groups and Fraction(tick - groups[-1][-1]) * expected.time_base < _SEEK_BACK
                groups[-1].append(tick) if near else groups.append([tick])
            for group in groups:
                _check_looks(container, expected, group)
    except av.error.FFmpegError as error:
        raise ClipError(f"the clip can't be read back: {error.strerror}") from error


def _clip_ticks(container: av.container.InputContainer, expected: Expectation) -> Fraction:
    """Return how many source ticks one tick of the clip is."""
    time_base = container.streams.video[0].time_base
    if time_base is None:
        raise ClipError("the clip's video has no time base")
    return Fraction(time_base) / expected.time_base


def _check_times(container: av.container.InputContainer, expected: Expectation) -> None:
    scale = _clip_ticks(container, expected)
    found = array("q")
    for packet in container.demux(container.streams.video[0]):
        if packet.pts is not None:
            found.append(packet.pts)
    first = expected.times[0]
    times = [tick * scale + first for tick in sorted(found)]
    if len(times) != len(expected.times):
        raise ClipError(f"the clip holds {len(times)} pictures and should hold {len(expected.times)}")
    for this, wanted in zip(times, expected.times, strict=True):
        if this != wanted:
            seconds = float((wanted - first) * expected.time_base)
            raise ClipError(f"the clip's picture at {seconds:.3f} s is {float(this - wanted):+.1f} ticks off")


def _check_looks(container: av.container.InputContainer, expected: Expectation, ticks: list[int]) -> None:
    stream = container.streams.video[0]
    scale = _clip_ticks(container, expected)
    first = expected.times[0]
    container.seek(int((ticks[0] - first) / scale), stream=stream)
    found: list[int] = []
    for frame in container.decode(stream):
        if frame.pts is None:
            continue
        tick = frame.pts * scale + first
        if tick < ticks[0]:
            continue
        found.append(int(tick))
        look = expected.looks.get(int(tick))
        if look is not None:
            _compare(look_at(frame), look, expected, int(tick))
        if tick >= ticks[-1]:
            break
    wanted = [tick for tick in expected.times if ticks[0] <= tick <= ticks[-1]]
    if found != wanted:
        seconds = float((ticks[0] - first) * expected.time_base)
        raise ClipError(f"after {seconds:.3f} s the clip plays {len(found)} pictures in place of {len(wanted)}")


def _compare(found: Look, source: Look, expected: Expectation, tick: int) -> None:
    seconds = float((tick - expected.times[0]) * expected.time_base)
    if tick in expected.copied:
        if found.checksum != source.checksum:
            raise ClipError(f"the copied picture at {seconds:.3f} s does not decode to what it was")
        return
    change = difference(found, source)
    if change > _MAX_DIFFERENCE:
        raise ClipError(f"the picture at {seconds:.3f} s differs from the source by {change:.1f} of 255")
