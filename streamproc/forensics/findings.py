"""What was found on one picture, as findings.json and the report tell it."""

from dataclasses import dataclass
from typing import Any

from streamproc.forensics.traces import Box, Reliability, Traces


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a method says of one picture, without the picture."""

    source: str
    """The file."""
    time_s: float | None
    """Where in a video; None for a still picture."""
    score: float
    """See :class:`~streamproc.forensics.traces.Traces`; so are the next two."""
    reliability: Reliability
    boxes: tuple[Box, ...]
    mask: str | None
    """Name of the mask's file beside findings.json; None where none is kept."""
    heat: str | None
    """Name of the heat map's file there; None likewise."""
    picture: str | None
    """Name of the file there that shows the picture as it is; None where nothing was found on it."""

    @classmethod
    def of(cls, traces: Traces, source: str, time_s: float | None, name: str | None) -> "Finding":
        """Return what traces say; ``name`` is what its files' names begin with, None when none are kept."""
        return cls(
            source=source,
            time_s=time_s,
            score=traces.score,
            reliability=traces.reliability,
            boxes=traces.boxes,
            mask=None if name is None else f"{name}-mask.png",
            heat=None if name is None else f"{name}-heat.png",
            picture=f"{name}-picture.jpg" if traces.boxes and name is not None else None,
        )

    def told(self) -> dict[str, Any]:
        """Return it as findings.json has it."""
        return {
            "source": self.source,
            "time_s": None if self.time_s is None else round(self.time_s, 3),
            "score": round(self.score, 4),
            "reliability": self.reliability.value,
            "boxes": [[box.left, box.top, box.right, box.bottom] for box in self.boxes],
            "mask": self.mask,
            "heat": self.heat,
            "picture": self.picture,
        }

    def line(self) -> str:
        """Return it in one line for a terminal."""
        where = self.source if self.time_s is None else f"{self.source} at {self.time_s:.3f} s"
        boxes = ", ".join(
            f"{box.right - box.left}×{box.bottom - box.top} at ({box.left}, {box.top})" for box in self.boxes[:3]
        )
        more = f" and {len(self.boxes) - 3} more" if len(self.boxes) > 3 else ""
        found = boxes + more if boxes else "nothing found"
        return f"{where}: score {self.score:.2f}, {self.reliability.value}; {found}"
