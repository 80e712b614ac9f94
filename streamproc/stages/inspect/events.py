"""Which finding of the catalogue each event of an epoch is, and what it says of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import cv2
import numpy as np

from streamproc.catalogue.findings import FindingRow, Sight
from streamproc.forensics.evidence import Event
from streamproc.forensics.traces import Map

TAKEN_UP_S: Final = 60
"""An open finding that is not seen again for so long after a new beginning is over."""
HEAT_WIDTH: Final = 480
"""Width of the picture of heat, pixels, at most."""
_SAME_PLACE: Final = 0.5


@dataclass(slots=True, kw_only=True)
class Growing:
    """A finding of the catalogue that an event makes grow."""

    event: Event
    id: int | None = None
    before: FindingRow | None = None
    """The finding as it was before a new beginning."""
    known: int = 0
    """Keyframes of the event that were counted before it."""
    shown: Fraction | None = None
    """Which keyframe's heat is kept."""
    waits: bool = True
    """Whether it says more than is written."""

    def sight(self, pixel_aspect: Fraction) -> Sight:
        """Return it as it is written. pixel_aspect: width over height of a pixel."""
        event, before = self.event, self.before
        height, width = event.heat.shape
        is_best = before is None or event.score >= before.score
        kept = self.shown if self.shown is not None else None if before is None or is_best else before.shown
        shown = event.shown if is_best or before is None else before.shown
        return Sight(
            id=self.id,
            start=event.start if before is None else min(before.start, event.start),
            end=event.end if before is None else max(before.end, event.end),
            shown=shown,
            box=event.box,
            width=width,
            height=height,
            score=event.score if is_best or before is None else before.score,
            reliability=event.reliability,
            keyframes=event.keyframes if before is None else before.keyframes + event.keyframes - self.known,
            heat=heat_picture(event.heat, pixel_aspect) if shown != kept or event.over else None,
            over=event.over,
        )


@dataclass(slots=True, kw_only=True)
class Events:
    """Which finding each event of an epoch is."""

    pixel_aspect: Fraction
    """Width over height of a pixel."""
    resumed: Fraction | None = None
    """Up to where it was looked at before this process began; None when it was not."""
    left: list[FindingRow] = field(default_factory=list)
    """What was open or just seen then, and has not come again."""
    open: dict[int, Growing] = field(default_factory=dict)

    def take(self, time: Fraction, events: Iterable[Event]) -> bool:
        """Take in what a keyframe changed; tell whether something began or ended, and so must be written now."""
        is_news = False
        for event in events:
            one = self.open.get(event.number)
            if one is None:
                one = self.open[event.number] = self._begun(event)
                is_news = True
            one.event, one.waits = event, True
            if self.resumed is not None and time <= self.resumed:
                one.known = event.keyframes
            is_news = is_news or event.over
        return is_news

    def _begun(self, event: Event) -> Growing:
        for row in self.left:
            if row.end >= event.start - TAKEN_UP_S and row.box.overlap(event.box) >= _SAME_PLACE:
                self.left.remove(row)
                return Growing(event=event, id=row.id, before=row)
        return Growing(event=event)

    @property
    def wait(self) -> bool:
        """Whether anything says more than is written."""
        return any(one.waits for one in self.open.values())

    def due(self) -> list[tuple[Growing, Sight]]:
        """Return what must be written, as it is written."""
        return [(one, one.sight(self.pixel_aspect)) for one in self.open.values() if one.waits]

    def written(self, done: Iterable[tuple[Growing, Sight]], numbers: Iterable[int]) -> None:
        """Take note that this was written, under those numbers."""
        for (one, sight), number in zip(done, numbers, strict=True):
            one.id, one.waits = number, False
            if sight.heat is not None:
                one.shown = sight.shown
        self.open = {number: one for number, one in self.open.items() if not one.event.over}

    def lost(self, time: Fraction) -> bool:
        """Tell once whether what was left open has not come again, and is over."""
        if self.resumed is None or time <= self.resumed + TAKEN_UP_S:
            return False
        self.resumed, self.left = None, []
        return True


def heat_picture(heat: Map, pixel_aspect: Fraction) -> bytes:
    """Return heat, (H, W) in [0, 1], as an 8-bit grey PNG of the aspect of the frame, at most 480 pixels wide.

    pixel_aspect: width over height of a pixel.
    """
    height, across = heat.shape[0], heat.shape[1] * pixel_aspect
    width = min(HEAT_WIDTH, max(1, round(across)))
    size = (width, max(1, round(height * width / across)))
    small = cv2.resize(heat, size, interpolation=cv2.INTER_AREA)
    done, coded = cv2.imencode(".png", np.round(np.clip(small, 0, 1) * 255).astype(np.uint8))
    assert done  # a picture of this size always can be
    return coded.tobytes()
