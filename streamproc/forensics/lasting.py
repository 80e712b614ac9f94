"""Events of the videos of a scan, as findings.json and the report tell them."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from streamproc.forensics.evidence import Event, Evidence
from streamproc.forensics.traces import Picture, Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasting:
    """Something painted over that stays in its place in a video."""

    source: str
    """The file."""
    event: Event
    """What, where, and from when to when."""

    def told(self) -> dict[str, Any]:
        """Return it as findings.json has it."""
        event, box = self.event, self.event.box
        return {
            "source": self.source,
            "start_s": _rounded(event.start),
            "end_s": _rounded(event.end),
            "shown_s": _rounded(event.shown),
            "box": [box.left, box.top, box.right, box.bottom],
            "score": round(event.score, 4),
            "reliability": event.reliability.value,
            "keyframes": event.keyframes,
        }

    def line(self) -> str:
        """Return it in one line for a terminal."""
        event, box = self.event, self.event.box
        size = f"{box.right - box.left}×{box.bottom - box.top} at ({box.left}, {box.top})"
        lasts = f"from {_rounded(event.start):.3f} to {_rounded(event.end):.3f} s"
        return f"{self.source} {lasts}: stays, score {event.score:.2f}, {event.reliability.value}; {size}"


def _rounded(time: Fraction) -> float:
    return round(float(time), 3)


class Watched:
    """Takes in the keyframes of one video after the other."""

    def __init__(self) -> None:
        self._source = ""
        self._evidence = Evidence()
        self._found: dict[tuple[str, int], Event] = {}

    def add(self, source: str, time_s: float, picture: Picture, traces: Traces) -> bool:
        """Take in a video's next keyframe, (H, W, 3), and tell whether an event shows on it.

        time_s: seconds from the video's beginning.
        """
        if source != self._source:
            self._keep(self._evidence.end())
            self._source, self._evidence = source, Evidence()
        time = Fraction(time_s)
        events = self._evidence.add(time, picture, traces)
        self._keep(events)
        return any(event.end == time for event in events)

    def found(self) -> list[Lasting]:
        """Return what stayed in its place, the surest first; nothing more can be taken in of the same video."""
        self._keep(self._evidence.end())
        found = [Lasting(source=source, event=event) for (source, _), event in self._found.items()]
        return sorted(found, key=lambda one: -one.event.score)

    def _keep(self, events: Iterable[Event]) -> None:
        self._found |= {(self._source, event.number): event for event in events}
