"""Keyframes of footage, spread over it, as whole pictures."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streamproc.errors import SourceError
from streamproc.media.decoder import KeyframeDecoder
from streamproc.media.files import FileFootage

Picture = NDArray[np.uint8]


def spread_keyframes(
    sources: Sequence[Path], *, count: int | None = None, every: float | None = None
) -> Iterator[tuple[float, Picture]]:
    """Yield (seconds from the beginning of all footage, (H, W, 3) uint8 RGB) of keyframes, in order.

    count: about so many altogether; or every: at least so many seconds apart. Give exactly one.
    Raises SourceError when nothing can be read or decoded.
    """
    if (count is None) == (every is None):
        raise ValueError(f"give either count or every: {count=}, {every=}")
    footage = FileFootage(sources)
    epochs = footage.epochs()
    apart = Fraction(every) if every is not None else footage.duration / max(1, count or 1)
    begun, due, shown = Fraction(0), Fraction(0), 0
    for epoch in epochs:
        decoder = KeyframeDecoder(epoch.format.video)
        for packet in epoch.keyframes():
            time = begun + packet.pts * epoch.format.video.time_base
            if time < due:
                continue
            frame = decoder.decode(packet)
            if frame is None:
                continue
            due, shown = time + apart, shown + 1
            yield float(time), frame.crop((0, 0, frame.width // 2 * 2, frame.height // 2 * 2))
        begun += epoch.end()
    if not shown:
        raise SourceError(f"{sources[0]}: holds no picture that can be decoded")
