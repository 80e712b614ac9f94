"""Looks at footage now and then: small pictures of the whole, or full-size cuts of one place."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from streamproc.inference.card import Region
from streamproc.media.decoder import Frame, KeyframeDecoder, decode_frames
from streamproc.media.files import FileFootage
from streamproc.media.footage import Epoch

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of it that is done, 0 to 1."""
Picture = NDArray[np.uint8]
Luma = NDArray[np.uint8]
Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the searched pictures; right and bottom exclusive."""

LINES = 360
"""Height of the pictures that are searched; of smaller footage, its own."""
MOST = 600
"""Pictures of all the footage together: 600 of 640 × 360 pixels are 210 MB, a third of it colour."""
LUMA, BLUE, RED = 0, 1, 2
"""The planes of a picture: brightness, and the two differences of colour."""
_KEYFRAMES_DO = 150  # with fewer keyframes than this, frames between them are looked at, too
_SPACING_S = Fraction(2)  # between such frames; nearer ones hardly differ
_SPACING_SHORT_S = Fraction(1, 2)  # in footage of less than a minute
_LONG_S = 1200  # of footage longer than this the keyframes must do: decoding all of it would take minutes
_THUMBNAIL = (16, 9)
_SAME = 9.0  # grey levels of mean difference up to which two thumbnails show the same


@dataclass(frozen=True, slots=True)
class Samples:
    """Pictures of the whole frame, spread evenly over the footage."""

    times: NDArray[np.float64]
    """(N,) seconds from the beginning of the footage, over all sources."""
    luma: Luma
    """(N, h, w) brightness as coded, h at most 360."""
    chroma: NDArray[np.uint8]
    """(N, ⌈h/2⌉, ⌈w/2⌉, 2) the differences of colour as coded, blue and red; 128 where there is none."""
    scenes: NDArray[np.int64]
    """(N,) number of what is shown: pictures that look the same have the same one, also when they lie apart."""
    lines: int
    """Height of the footage itself, pixels (the tallest part of it)."""
    duration_s: float
    """Length of the footage."""
    aspect: float
    """Width of the footage's frame divided by its height, as it is shown."""

    @property
    def weights(self) -> NDArray[np.float32]:
        """(N,) in (0, 1]: one over how many pictures show the same, so that a shot that lasts counts as one picture."""
        return np.asarray(1 / np.bincount(self.scenes)[self.scenes], np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """(h, w) of the pictures."""
        return self.luma.shape[1], self.luma.shape[2]

    def first(self, seconds: float) -> "Samples":
        """Return what is known from the footage's first seconds alone."""
        known = self.chosen(self.times < seconds)
        _, scenes = np.unique(known.scenes, return_inverse=True)
        return replace(known, scenes=scenes, duration_s=min(seconds, self.duration_s))

    def plane(self, number: int, box: Box, step: int = 1) -> Luma:
        """Return (n, h, w): what one plane of every ``step``-th picture shows in a box."""
        left, top, right, bottom = box
        if number == LUMA:
            return self.luma[::step, top:bottom, left:right]
        half = self.chroma[::step, top // 2 : -(-bottom // 2), left // 2 : -(-right // 2), number - 1]
        size = 2 * half.shape[2], 2 * half.shape[1]
        found = np.empty((len(half), bottom - top, right - left), np.uint8)
        for whole, small in zip(found, half, strict=True):
            large = cv2.resize(np.ascontiguousarray(small), size, interpolation=cv2.INTER_LINEAR)
            whole[:] = large[top % 2 :, left % 2 :][: bottom - top, : right - left]
        return found

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Samples":
        """Return some of the pictures."""
        return replace(
            self,
            times=self.times[which],
            luma=self.luma[which],
            chroma=self.chroma[which],
            scenes=self.scenes[which],
        )

    def coloured(self, box: Box) -> Picture:
        """Return (N, h, w, 3) uint8 RGB: what the pictures show in a box."""
        planes = np.stack([self.plane(number, box) for number in (LUMA, RED, BLUE)], axis=-1)
        return np.stack([cv2.cvtColor(one, cv2.COLOR_YCrCb2RGB) for one in planes])


def sample(sources: Sequence[Path], progress: Progress) -> Samples:
    """Return pictures of the footage: keyframes, or frames between them where keyframes are few.

    Raises SourceError when none of the sources can be read.
    """
    epochs = FileFootage(sources).epochs()
    shape = _shape(epochs[0])
    times: list[float] = []
    luma = np.empty((MOST, *shape), np.uint8)
    half = -(-shape[0] // 2), -(-shape[1] // 2)
    chroma = np.empty((MOST, *half, 2), np.uint8)
    duration_s = float(sum((epoch.end() for epoch in epochs), Fraction(0)))
    for time_s, frame in _spread(epochs):
        if len(times) == len(luma):  # files that end early shift the others' samples, so that there are a few more
            luma = np.concatenate([luma, np.empty((MOST // 4, *shape), np.uint8)])
            chroma = np.concatenate([chroma, np.empty((MOST // 4, *half, 2), np.uint8)])
        picture = frame.thumbnail(shape[1], shape[0])
        luma[len(times)] = picture[:, :, 0]
        chroma[len(times)] = cv2.resize(picture[:, :, 1:], half[::-1], interpolation=cv2.INTER_AREA)
        times.append(time_s)
        progress("looking through the footage", min(1.0, time_s / duration_s))
    luma = luma[: len(times)]
    video = epochs[0].format.video
    return Samples(
        times=np.array(times),
        luma=luma,
        chroma=chroma[: len(times)],
        scenes=_scenes(luma),
        lines=max(epoch.format.video.height for epoch in epochs),
        duration_s=duration_s,
        aspect=float(video.width * video.sample_aspect / video.height),
    )


def cuts(sources: Sequence[Path], box: Region, times: Sequence[float]) -> list[Picture]:
    """Return what lies in a box at some of the times that ``sample`` gave, at the footage's own size.

    returns: (h, w, 3) uint8 RGB each, in order of time, all of the size of the first one.
    """
    taken: list[Picture] = []
    for _, frame in _spread(FileFootage(sources).epochs(), frozenset(round(time_s, 3) for time_s in times)):
        cut = frame.crop(box.pixels(frame.width // 2 * 2, frame.height // 2 * 2))
        taken.append(cut if not taken or cut.shape == taken[0].shape else _resized(cut, taken[0].shape))
    return taken


def _shape(epoch: Epoch) -> tuple[int, int]:
    video = epoch.format.video
    lines = min(LINES, video.height)
    return lines, round(video.width * lines / video.height)


def _spread(epochs: Sequence[Epoch], wanted: frozenset[float] | None = None) -> Iterator[tuple[float, Frame]]:
    """Yield at most MOST frames and their times over all epochs; the same ones at every call.

    wanted: only those at these times, rounded to milliseconds; keyframes at other times are not even decoded.
    """
    length = sum((epoch.end() for epoch in epochs), Fraction(0))
    keyframes = sum(len(epoch.keyframe_times(Fraction(0), epoch.end())) for epoch in epochs)
    few = keyframes < _KEYFRAMES_DO and length < _LONG_S
    spacing = max(length / MOST, _SPACING_S if length > 60 else _SPACING_SHORT_S) if few else length / MOST
    begun = Fraction(0)
    for epoch in epochs:
        chosen = _among_all(epoch, spacing) if few else _keyframes(epoch, spacing, begun, wanted)
        for frame in chosen:
            time_s = float(begun + frame.time)
            if wanted is None or round(time_s, 3) in wanted:
                yield time_s, frame
        begun += epoch.end()


def _among_all(epoch: Epoch, spacing: Fraction) -> Iterator[Frame]:
    """Yield frames that lie about ``spacing`` apart."""
    due = Fraction(0)
    for frame in decode_frames(epoch, Fraction(0), epoch.end()):
        if frame.time >= due:
            yield frame
            due = max(due + spacing, frame.time + spacing / 2)


def _keyframes(epoch: Epoch, spacing: Fraction, begun: Fraction, wanted: frozenset[float] | None) -> Iterator[Frame]:
    """Yield keyframes that lie about ``spacing`` apart; those between are not decoded."""
    decoder = KeyframeDecoder(epoch.format.video)
    due = Fraction(0)
    for packet in epoch.keyframes():
        time = packet.pts * epoch.format.video.time_base
        if time < due:
            continue
        due = max(due + spacing, time + spacing / 2)
        frame = decoder.decode(packet) if wanted is None or round(float(begun + time), 3) in wanted else None
        if frame is not None:
            yield frame


def _scenes(luma: Luma) -> NDArray[np.int64]:
    """Number the scenes: a picture belongs to the first scene whose first picture looks like it."""
    firsts: list[NDArray[np.float32]] = []
    numbers = np.zeros(len(luma), np.int64)
    for index, picture in enumerate(luma):
        small = cv2.resize(picture, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        alike = [number for number, first in enumerate(firsts) if np.abs(first - small).mean() < _SAME]
        numbers[index] = alike[0] if alike else len(firsts)
        if not alike:
            firsts.append(small)
    return numbers


def _resized(picture: Picture, shape: tuple[int, ...]) -> Picture:
    return np.asarray(cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.uint8)
